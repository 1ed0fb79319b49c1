import { FakeSwitch, answers } from '../fakes/fake-switch';
import { type TestApp, createTestApp } from '../support/test-app';

describe('Chat', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    operator = await createTestApp({ SWITCH_URL: upstream.url });
  });
  beforeEach(() => {
    upstream.chat = answers.echo;
    upstream.calls.length = 0;
  });
  afterAll(async () => {
    await operator.close();
    await upstream.stop();
  });

  it('answers with what Switch says and keeps both messages', async () => {
    const { body } = await operator.chat({ message: 'hello', session_id: 'first' }).expect(200);

    expect(body).toEqual({
      session_id: 'first',
      response: 'echo: hello',
      tool_calls: [],
      message_id: expect.any(Number),
      turn_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      engine: 'general-7b',
      latency_ms: expect.any(Number),
    });
    const { body: session } = await operator.get('/operator/session/first').expect(200);
    expect(session).toMatchObject({ session_id: 'first', user_id: 'local', message_count: 2, next_cursor: null });
    expect(session.messages).toEqual([
      expect.objectContaining({ role: 'user', content: 'hello', turn_id: body.turn_id }),
      expect.objectContaining({ id: body.message_id, role: 'assistant', content: 'echo: hello', turn_id: body.turn_id }),
    ]);
  });
});
