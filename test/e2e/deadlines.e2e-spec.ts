import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

const TIMEOUT_MS = 400;

describe('Deadlines', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    operator = await createTestApp({
      SWITCH_URL: upstream.url,
      SWITCH_TIMEOUT_MS: `${TIMEOUT_MS}`,
      SWITCH_TOKEN: 'for-switch-only',
      TURN_QUEUE_PER_SESSION: '3',
      TURN_QUEUE: '5',
    });
  });
  beforeEach(() => {
    upstream.chat = answers.echo;
    upstream.calls.length = 0;
  });
  afterAll(async () => {
    await operator.close();
    await upstream.stop();
  });

  it.each(['hang', 'drip'] as const)('ends a turn whose Switch does nothing but %s', async (sickness) => {
    let isClosed = false;
    upstream.chat = (call, response) => {
      response.once('close', () => (isClosed = true));
      return answers[sickness](call, response);
    };
    const startedAt = Date.now();
    const { body } = await operator.chat({ message: 'hello', session_id: sickness }).expect(504);

    expect(body).toMatchObject({ error: 'switch_timeout', session_id: sickness });
    expect(Date.now() - startedAt).toBeLessThan(TIMEOUT_MS + 2_000);
    await until(() => isClosed);
    const { body: turn } = await operator.get(`/operator/turn/${body.turn_id}`).expect(200);
    expect(turn.status).toBe('failed');
  });

  it('presents the token that is meant for Switch', async () => {
    await operator.chat({ message: 'hello' }).expect(200);
    expect(upstream.chats[0]!.headers['x-vx11-token']).toBe('for-switch-only');
  });

  it('fails while Switch is down and answers when it is back', async () => {
    await upstream.stop();
    const { body, headers } = await operator.chat({ message: 'hello', session_id: 'down' }).expect(503);
    expect(body).toMatchObject({ error: 'switch_unavailable', session_id: 'down', message_id: expect.any(Number) });
    expect(headers['retry-after']).toBe('5');

    await upstream.listen();
    await operator.chat({ message: 'hello', session_id: 'down' }).expect(200);
  });

  it('takes no more turns than it can hold, and stores nothing of those it refuses', async () => {
    upstream.chat = answers.after(200, answers.echo);
    const send = (sessionId: string) => operator.chat({ message: 'hello', session_id: sessionId }).then();
    const held = [send('full'), send('full'), send('full')];
    await until(() => upstream.chats.length === 1);

    const inSession = await send('full');
    expect(inSession.body).toMatchObject({ status: 429, error: 'queue_full' });
    expect(inSession.headers['retry-after']).toBe('2');

    held.push(send('other-1'), send('other-2'));
    await until(() => upstream.chats.length === 3);
    expect((await send('other-3')).body).toMatchObject({ status: 429, error: 'queue_full' });
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    await operator.get('/operator/session/other-3').expect(404);
    expect((await operator.get('/operator/session/full')).body.message_count).toBe(6);
  });
});

// How a full queue of connections behaves is the kernel's own: this is Linux'.
(process.platform === 'linux' ? describe : describe.skip)('The deadline of the connection', () => {
  it('ends a turn whose Switch takes no connections, long before the deadline of the call', async () => {
    const script =
      "require('net').createServer().listen({ port: 0, backlog: 1 }, function () { console.log(this.address().port) })";
    const stopped = spawn(process.execPath, ['-e', script]);
    const [port] = (await once(stopped.stdout, 'data')) as [Buffer];
    stopped.kill('SIGSTOP');
    const held = Array.from({ length: 8 }, () => connect(Number(port), '127.0.0.1').on('error', () => undefined));
    const operator = await createTestApp({
      SWITCH_URL: `http://127.0.0.1:${Number(port)}`,
      SWITCH_CONNECT_TIMEOUT_MS: '300',
      SWITCH_TIMEOUT_MS: '60000',
    });

    const { body } = await operator.chat({ message: 'hello', session_id: 'no-connection' }).expect(504);
    expect(body).toMatchObject({ error: 'switch_timeout', session_id: 'no-connection' });

    for (const socket of held) socket.destroy();
    stopped.kill('SIGKILL');
    await operator.close();
  });
});
