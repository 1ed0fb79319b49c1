import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { AUTH, type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

interface Frame {
  type: string;
  session_id: string;
  seq: number | null;
  timestamp: string;
  data: any;
}

describe('WS /ws/{session_id}', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;
  const sockets: WebSocket[] = [];

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    operator = await createTestApp({ SWITCH_URL: upstream.url, ALLOWED_ORIGINS: 'https://console.example' });
  });
  beforeEach(() => {
    upstream.chat = answers.echo;
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.terminate();
  });
  afterAll(async () => {
    await operator.close();
    await upstream.stop();
  });

  const dial = (path: string, options: ClientOptions = { headers: AUTH }) => {
    const socket = new WebSocket(`${operator.url.replace('http', 'ws')}${path}`, options);
    const frames: Frame[] = [];
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      if (frame.type !== 'heartbeat') frames.push(frame);
    });
    socket.on('error', () => undefined);
    sockets.push(socket);
    return { socket, frames };
  };
  const open = async (path: string, options?: ClientOptions) => {
    const dialled = dial(path, options);
    await once(dialled.socket, 'open');
    return dialled;
  };
  /** The status and the problem document with which a socket is refused. */
  const refusal = async (path: string, options?: ClientOptions) => {
    const { socket } = dial(path, options);
    const [, response] = await once(socket, 'unexpected-response');
    let body = '';
    for await (const chunk of response) body += chunk;
    return { status: response.statusCode as number, ...JSON.parse(body) };
  };
  const has = (frames: Frame[], type: string) => until(() => frames.some((frame) => frame.type === type));
  const token = async (sessionId: string) =>
    (await operator.post('/operator/events/token', { session_id: sessionId }).expect(201)).body.token as string;

  it.each([
    ['a text', 'hello'],
    ['a message', JSON.stringify({ event_type: 'message_received', data: { message: 'hello' } })],
  ])('begins a turn with %s, and tells its events', async (what, frame) => {
    const sessionId = `ws-${what.replace(' ', '-')}`;
    const { socket, frames } = await open(`/ws/${sessionId}`);
    socket.send(frame);
    await has(frames, 'turn.succeeded');
    expect(frames.map(({ type }) => type)).toEqual([
      'session.created',
      'message.created',
      'turn.started',
      'message.delta',
      'message.created',
      'turn.succeeded',
    ]);
    expect(frames[0]).toEqual({
      type: 'session.created',
      session_id: sessionId,
      seq: 1,
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: { user_id: 'local' },
    });
    expect(frames.find(({ type }) => type === 'message.delta')!.data.text).toBe('echo: hello');
  });

  it('tells what was said elsewhere', async () => {
    const { frames } = await open('/ws/elsewhere');
    await operator.chat({ session_id: 'elsewhere', message: 'hello' }).expect(200);
    await has(frames, 'turn.succeeded');
  });

  it('goes on where the client was', async () => {
    await operator.chat({ session_id: 'ws-resumed', message: 'hello' }).expect(200);
    const { frames } = await open('/ws/ws-resumed?after=4');
    await has(frames, 'turn.succeeded');
    expect(frames.map(({ seq }) => seq)).toEqual([5, 6]);
  });

  it('repeats a message with the same key no second time', async () => {
    const { socket, frames } = await open('/ws/ws-keyed');
    const data = { message: 'hello', idempotency_key: 'ws-key-1', metadata: { channel: 'socket' } };
    const frame = JSON.stringify({ event_type: 'message_received', data });
    socket.send(frame);
    await has(frames, 'turn.succeeded');
    socket.send(frame);
    socket.send('another');
    await until(() => frames.filter(({ type }) => type === 'turn.succeeded').length === 2);
    const { body } = await operator.get('/operator/session/ws-keyed').expect(200);
    expect(body.messages.map(({ content }: { content: string }) => content)).toEqual([
      'hello',
      'echo: hello',
      'another',
      'echo: another',
    ]);
    expect(body.messages[0].metadata).toEqual({ channel: 'socket' });
  });

  it.each([
    ['binary', Buffer.from([1, 2, 3]), 'malformed_frame'],
    ['JSON that breaks off', '{"event_type":', 'malformed_frame'],
    ['another event', '{"event_type":"typing","data":{}}', 'malformed_frame'],
    ['a message without data', '{"event_type":"message_received"}', 'malformed_frame'],
    [
      'a key that is none',
      '{"event_type":"message_received","data":{"message":"x","idempotency_key":5}}',
      'malformed_frame',
    ],
    ['a message without a text', '{"event_type":"message_received","data":{}}', 'validation_failed'],
    ['nothing', '', 'validation_failed'],
    ['a text that cannot be stored', 'a\0b', 'validation_failed'],
    ['a text that is too long', 'x'.repeat(40_000), 'payload_too_large'],
  ])('answers %s with error_reported, and lives on', async (_, frame, error) => {
    const { socket, frames } = await open('/ws/garbage');
    socket.send(frame);
    await has(frames, 'error_reported');
    const { session_id, seq, data } = frames.find(({ type }) => type === 'error_reported')!;
    expect({ session_id, seq, data }).toEqual({
      session_id: 'garbage',
      seq: null,
      data: expect.objectContaining({ error, detail: expect.any(String), request_id: expect.any(String) }),
    });
    socket.send('still there?');
    await has(frames, 'turn.succeeded');
  });

  it('tells of a turn that failed as an event like any other', async () => {
    upstream.chat = answers.plain500;
    const { socket, frames } = await open('/ws/failing');
    socket.send('hello');
    await has(frames, 'turn.failed');
    expect(frames.some(({ type }) => type === 'error_reported')).toBe(false);
  });

  it('ends with a frame of a megabyte, and nothing else does', async () => {
    const { socket } = await open('/ws/huge');
    const other = await open('/ws/huge');
    socket.send('x'.repeat(1024 * 1024));
    const [code] = await once(socket, 'close');
    expect(code).toBe(1009);
    other.socket.send('hello');
    await has(other.frames, 'turn.succeeded');
  });

  it('looks at no more frames than a person would send', async () => {
    const { socket, frames } = await open('/ws/flooded');
    for (let n = 0; n < 1_000; n++) socket.send(`frame ${n}`);
    await until(() => frames.some(({ type, data }) => type === 'error_reported' && data.error === 'too_many_frames'));
    const turns = () => operator.rows("SELECT status FROM operator_turn WHERE session_id = 'flooded'");
    await until(async () => (await turns()).length > 0);
    await until(async () => (await turns()).every(({ status }) => status !== 'running'));
    const taken = await turns();
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.length).toBeLessThanOrEqual(80);
    expect(frames.filter(({ type }) => type === 'error_reported').length).toBeLessThan(10);
    expect((await operator.get('/health').expect(200)).body.status).toBe('ok');
  });

  it('ends when its session is erased', async () => {
    await operator.chat({ session_id: 'ws-erased', message: 'hello' }).expect(200);
    const { socket, frames } = await open('/ws/ws-erased');
    await has(frames, 'turn.succeeded');
    await operator.delete('/operator/session/ws-erased').expect(204);
    const [code] = await once(socket, 'close');
    expect(code).toBe(1000);
    expect(frames.at(-1)).toMatchObject({ type: 'stream.ended', data: { reason: 'session_erased' } });
  });

  describe('is opened', () => {
    it('with a token of its session, once', async () => {
      const path = `/ws/by-token?token=${await token('by-token')}`;
      const { socket, frames } = await open(path, {});
      socket.send('hello');
      await has(frames, 'turn.succeeded');
      expect(await refusal(path, {})).toMatchObject({ status: 403, error: 'forbidden', instance: '/ws/by-token' });
    });

    it('from a page of an allowed origin, and of its own', async () => {
      await open('/ws/origin', { headers: { ...AUTH, Origin: 'https://console.example' } });
      await open('/ws/origin', { headers: { ...AUTH, Origin: operator.url } });
    });
  });

  describe('is not opened', () => {
    it.each([
      ['without a token', {}, 401, 'auth_required'],
      ['with a wrong one', { headers: { 'X-VX11-Token': 'wrong' } }, 403, 'forbidden'],
      ['from a page of another origin', { headers: { ...AUTH, Origin: 'https://evil.example' } }, 403, 'forbidden'],
      ['from nowhere', { headers: { ...AUTH, Origin: 'null' } }, 403, 'forbidden'],
    ])('%s', async (_, options, status, error) => {
      expect(await refusal('/ws/closed', options)).toMatchObject({ status, error });
    });

    it('with the token of another session', async () => {
      expect(await refusal(`/ws/closed?token=${await token('other')}`, {})).toMatchObject({ status: 403 });
    });

    it.each([
      ['/ws', 404],
      ['/ws/a%20b', 404],
      ['/elsewhere', 404],
      ['/ws/closed?after=x', 422],
    ])('at %s', async (path, status) => {
      expect(await refusal(path)).toMatchObject({ status });
    });
  });
});
