import { FakeOpenAi, completions } from '../fakes/fake-openai';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { EventReader } from '../support/event-reader';
import { type TestApp, createTestApp } from '../support/test-app';
import { offerTestTools } from '../support/test-tools';
import { until } from '../support/until';

describe('Engines in a chain', () => {
  let router: FakeSwitch;
  let model: FakeOpenAi;
  let operator: TestApp;

  beforeAll(async () => {
    router = await FakeSwitch.start();
    model = await FakeOpenAi.start();
    operator = await createTestApp({
      ENGINE: 'vx11,openai,embedded',
      SWITCH_URL: router.url,
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODEL: 'm',
      OPENAI_FIRST_TOKEN_TIMEOUT_MS: '2000',
      OPENAI_IDLE_TIMEOUT_MS: '300',
      BREAKER_FAILURES: '1000',
    });
  });
  beforeEach(() => {
    router.chat = answers.echo;
    model.completions = completions.says('I am the model.');
    model.calls.length = 0;
  });
  afterAll(async () => {
    await operator.close();
    await router.stop();
    await model.stop();
  });

  const chat = (sessionId: string, headers = {}) => operator.chat({ session_id: sessionId, message: '/help' }, headers);
  const turn = async (id: string) => (await operator.get(`/operator/turn/${id}`).expect(200)).body;

  it('are asked in order: the first that can answers', async () => {
    const { body } = await chat('first').expect(200);
    expect(body).toMatchObject({ response: 'echo: /help', engine: 'general-7b', fallback_from: [] });
    expect(model.chats).toHaveLength(0);
  });

  it('say who answered in whose place, and why; also when asked again', async () => {
    router.chat = answers.plain500;
    const { body } = await chat('second', { 'Idempotency-Key': 'chain-1' }).expect(200);
    const fallback_from = [{ engine: 'vx11', error: 'switch_error' }];
    expect(body).toMatchObject({ response: 'I am the model.', engine: 'llama-3.1-8b', fallback_from });
    expect(await turn(body.turn_id)).toMatchObject({ engine: 'llama-3.1-8b', fallback_from });
    const again = await chat('second', { 'Idempotency-Key': 'chain-1' }).expect(200);
    expect(again.body).toMatchObject({ response: 'I am the model.', fallback_from });
  });

  it.each([
    ['is down', completions.unavailable, 'switch_error'],
    ['does not accept the key', completions.unauthorized, 'switch_auth_failed'],
    ['has too much to do', completions.throttled('30'), 'switch_throttled'],
    ['closes the connection', completions.reset, 'switch_unavailable'],
    ['says nothing', completions.emptyStream, 'switch_bad_reply'],
    ['is not heard of in time', completions.silentAfterHeaders, 'switch_timeout'],
  ])('come to the last when the model server %s', async (what, fault, error) => {
    router.chat = answers.plain500;
    model.completions = fault;
    const { body } = await chat(`third-${what.length}`).expect(200);
    expect(body.engine).toBe('embedded');
    expect(body.response).toMatch(/^\/help {2}Lists the commands\.$/m);
    expect(body.fallback_from).toEqual([
      { engine: 'vx11', error: 'switch_error' },
      { engine: 'openai', error },
    ]);
  });

  it('stay with the one that has begun, also over a decision, and remember whose place it took', async () => {
    const { written } = offerTestTools(operator);
    router.chat = answers.plain500;
    const call = { id: 'a', name: 'write_note', arguments: { text: 'kept' } };
    model.completions = completions.inTurn(completions.calls([call], 'I write it down.'), completions.says('Done.'));
    const { body } = await chat('decided').expect(202);
    router.chat = answers.echo;
    const asked = router.chats.length;
    const { tool_call_id: id, arguments_hash } = body.approvals[0];
    await operator.post(`/operator/tool/call/${id}/approve`, { arguments_hash }).expect(200);
    await until(async () => (await turn(body.turn_id)).status === 'succeeded');
    expect(written).toEqual(['kept']);
    expect(router.chats).toHaveLength(asked);
    const { messages } = (await operator.get('/operator/session/decided').expect(200)).body;
    expect(messages[1].content).toBe('I write it down.\n\nDone.');
    expect(await turn(body.turn_id)).toMatchObject({
      engine: 'llama-3.1-8b',
      fallback_from: [{ engine: 'vx11', error: 'switch_error' }],
      tokens: 42,
    });
  });

  it('wait as long as the model server asks for, if that is not too long', async () => {
    router.chat = answers.plain500;
    model.completions = completions.inTurn(completions.throttled('1'), completions.says('Now.'));
    const { body } = await chat('patient').expect(200);
    expect(body).toMatchObject({ response: 'Now.', engine: 'llama-3.1-8b' });
    expect(model.chats).toHaveLength(2);
  });

  it.each([
    ['breaks off', completions.breakOff, 'switch_bad_reply'],
    ['ends without a reason', completions.noDone, 'switch_bad_reply'],
    ['turns into an error', completions.errorObjectMidStream, 'switch_error'],
    ['stalls', completions.stalls, 'switch_timeout'],
  ])(
    'do not finish the answer of another: one that %s has failed, and what was said is kept',
    async (what, fault, error) => {
      router.chat = answers.plain500;
      model.completions = fault;
      const sessionId = `broken-${what.replaceAll(' ', '-')}`;
      const reader = await EventReader.open(`${operator.url}/operator/chat`, {
        method: 'POST',
        body: { session_id: sessionId, message: 'hello' },
      });
      await reader.ended();
      const { data } = reader.events.at(-1)!;
      expect(reader.types.at(-1)).toBe('turn.failed');
      expect(data.error).toBe(error);
      const { body } = await operator.get(`/operator/session/${sessionId}`).expect(200);
      expect(body.messages[1]).toMatchObject({ id: data.message_id, metadata: { incomplete: true } });
      expect('half an').toContain(body.messages[1].content.trim());
      expect(reader.text).toBe(body.messages[1].content);
      expect(model.chats).toHaveLength(1);
    },
  );
});
