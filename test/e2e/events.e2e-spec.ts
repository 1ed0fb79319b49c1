import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { EventReader } from '../support/event-reader';
import { AUTH, type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

describe('Events', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;
  const readers: EventReader[] = [];
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    operator = await createTestApp({ SWITCH_URL: upstream.url, STREAMS_MAX: '150' });
    (operator.app.getHttpServer() as Server).on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  });
  beforeEach(() => {
    upstream.chat = answers.echo;
  });
  afterEach(() => {
    for (const reader of readers.splice(0)) reader.close();
  });
  afterAll(async () => {
    await operator.close();
    await upstream.stop();
  });

  const open = async (path: string, headers: Record<string, string> = AUTH): Promise<EventReader> => {
    const reader = await EventReader.open(`${operator.url}${path}`, { headers });
    readers.push(reader);
    return reader;
  };
  const watch = (sessionId: string, query = '') => open(`/operator/session/${sessionId}/events${query}`);
  const ask = async (body: object, headers: Record<string, string> = {}) => {
    const reader = await EventReader.open(`${operator.url}/operator/chat`, {
      method: 'POST',
      headers: { ...AUTH, ...headers },
      body,
    });
    readers.push(reader);
    return reader;
  };
  const openStreams = async () => {
    const { text } = await operator.get('/metrics').expect(200);
    return Number(/^operator_event_streams (\d+)$/m.exec(text)![1]);
  };

  describe('of a session', () => {
    it('are replayed from the first, each with its place in the log', async () => {
      const { body } = await operator.chat({ session_id: 'replayed', message: 'hello' }).expect(200);
      const reader = await watch('replayed');
      await reader.until('turn.succeeded');

      expect(reader.types).toEqual([
        'session.created',
        'message.created',
        'turn.started',
        'message.delta',
        'message.created',
        'turn.succeeded',
      ]);
      expect(reader.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(reader.events.map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5', '6']);
      expect(reader.events.every(({ session_id }) => session_id === 'replayed')).toBe(true);
      expect(reader.text).toBe('echo: hello');
      expect(reader.events.at(-1)!.data).toMatchObject({
        turn_id: body.turn_id,
        attempt: 1,
        engine: 'general-7b',
        message_id: body.message_id,
      });
    });

    it('are told as they happen', async () => {
      await operator.chat({ session_id: 'followed', message: 'first' }).expect(200);
      const reader = await watch('followed');
      await reader.until('turn.succeeded');
      await operator.chat({ session_id: 'followed', message: 'second' }).expect(200);
      await reader.until(({ type, seq }) => type === 'turn.succeeded' && seq! > 6);
      // What was heard as it was said is stored with a seq of its own, and not told again.
      expect(reader.events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, null, 10, 11]);
      expect(reader.text).toBe('echo: second');
    });

    it.each([
      ['?after=', (id: string) => watch('resumed', `?after=${id}`)],
      ['Last-Event-ID', (id: string) => open('/operator/session/resumed/events', { ...AUTH, 'Last-Event-ID': id })],
    ])('go on where %s says', async (_, resume) => {
      await operator.chat({ session_id: 'resumed', message: 'hello' }).expect(200);
      const reader = await resume('3');
      await reader.until('turn.succeeded');
      expect(reader.events[0]!.seq).toBe(4);
    });

    it('put what the browser remembers before what the page asked for', async () => {
      await operator.chat({ session_id: 'both', message: 'hello' }).expect(200);
      const reader = await open('/operator/session/both/events?after=1', { ...AUTH, 'Last-Event-ID': '5' });
      await reader.until('turn.succeeded');
      expect(reader.events[0]!.seq).toBe(6);
    });

    it('come with headers that keep proxies from holding them back, and a heartbeat first', async () => {
      await operator.chat({ session_id: 'headers', message: 'hello' }).expect(200);
      const reader = await EventReader.open(`${operator.url}/operator/session/headers/events`, {
        headers: { ...AUTH, 'Accept-Encoding': 'gzip, br' },
        withHeartbeats: true,
      });
      readers.push(reader);
      await reader.until('turn.succeeded');
      expect(reader.headers).toMatchObject({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      });
      expect(reader.headers['content-encoding']).toBeUndefined();
      expect(reader.raw.indexOf('event: heartbeat')).toBeGreaterThan(4_096);
      expect(reader.events[0]).toMatchObject({ type: 'heartbeat', seq: null, id: undefined, data: { last_seq: 0 } });
    });

    it('end with the reason when the session is erased', async () => {
      await operator.chat({ session_id: 'erased', message: 'hello' }).expect(200);
      const reader = await watch('erased');
      await reader.until('turn.succeeded');
      await operator.delete('/operator/session/erased').expect(204);
      await reader.ended();
      expect(reader.events.at(-1)).toMatchObject({ type: 'stream.ended', data: { reason: 'session_erased' } });
    });

    it.each([
      ['of a session that nobody knows', '/operator/session/nobody/events', 404, 'session_not_found'],
      ['after what is no number', '/operator/session/replayed/events?after=abc', 422, 'validation_failed'],
    ])('%s are a problem, not a stream', async (_, path, status, error) => {
      const { body } = await operator
        .get(path)
        .expect(status)
        .expect('Content-Type', /problem\+json/);
      expect(body.error).toBe(error);
    });

    it('take no Last-Event-ID that is none', async () => {
      await operator.chat({ session_id: 'bad-id', message: 'hello' }).expect(200);
      const { body } = await operator.get('/operator/session/bad-id/events').set('Last-Event-ID', 'x').expect(422);
      expect(body.error).toBe('validation_failed');
    });
  });

  describe('of a turn that a client begins', () => {
    it('lead to its end, and the stream ends with it', async () => {
      const reader = await ask({ session_id: 'streamed', message: 'hello' });
      expect(reader.status).toBe(200);
      await reader.ended();
      expect(reader.types.at(-1)).toBe('turn.succeeded');
      expect(reader.text).toBe('echo: hello');
      const { body } = await operator.get('/operator/session/streamed').expect(200);
      expect(body.messages.map(({ content }: { content: string }) => content)).toEqual(['hello', 'echo: hello']);
    });

    it('begin with the turn, not with what was said before', async () => {
      await operator.chat({ session_id: 'second', message: 'one' }).expect(200);
      const reader = await ask({ session_id: 'second', message: 'two' });
      await reader.ended();
      expect(reader.events[0]).toMatchObject({ type: 'message.created', seq: 7 });
    });

    it('tell of its failure, which is no problem document any more', async () => {
      upstream.chat = answers.plain500;
      const reader = await ask({ session_id: 'failing', message: 'hello' });
      await reader.ended();
      expect(reader.status).toBe(200);
      expect(reader.events.at(-1)).toMatchObject({
        type: 'turn.failed',
        data: { error: 'switch_error', message_id: null },
      });
    });

    it.each([
      ['a message that is none', { message: ' ' }, 422, 'validation_failed'],
      ['a message that is too long', { message: 'x'.repeat(40_000) }, 413, 'payload_too_large'],
    ])('are a problem document with %s', async (_, body, status, error) => {
      const reader = await ask(body);
      expect(reader.status).toBe(status);
      await reader.ended();
      expect(JSON.parse(reader.raw)).toMatchObject({ error });
    });

    it('are those of the running turn for a second request with its key', async () => {
      upstream.chat = answers.after(300, answers.echo);
      const request = { session_id: 'attached', message: 'hello' };
      const first = await ask(request, { 'Idempotency-Key': 'attach-1' });
      const second = await ask(request, { 'Idempotency-Key': 'attach-1' });
      await Promise.all([first.ended(), second.ended()]);
      expect(second.headers['idempotency-replayed']).toBe('true');
      expect(second.stored.map(({ json }) => json)).toEqual(first.stored.map(({ json }) => json));
      expect(first.types.filter((type) => type === 'turn.started')).toHaveLength(1);
      // And once more, when it has ended.
      const third = await ask(request, { 'Idempotency-Key': 'attach-1' });
      await third.ended();
      const told = third.events.filter(({ type }) => type !== 'message.delta');
      expect(told.map(({ json }) => json)).toEqual(first.stored.map(({ json }) => json));
      expect(third.text).toBe(first.text);
    });

    it('are those of the next attempt after one that failed', async () => {
      upstream.chat = answers.plain500;
      const request = { session_id: 'again', message: 'hello' };
      await (await ask(request, { 'Idempotency-Key': 'again-1' })).ended();
      upstream.chat = answers.echo;
      const reader = await ask(request, { 'Idempotency-Key': 'again-1' });
      await reader.ended();
      expect(reader.types).toEqual(['turn.started', 'message.delta', 'message.created', 'turn.succeeded']);
      expect(reader.events[0]!.data).toMatchObject({ attempt: 2 });
    });

    it('happen whether or not anybody reads them', async () => {
      upstream.chat = answers.after(200, answers.echo);
      const reader = await ask({ session_id: 'left', message: 'hello' });
      await reader.until('turn.started');
      reader.close();
      await until(async () => (await operator.get('/operator/session/left').expect(200)).body.messages.length === 2);
    });
  });

  describe('of all sessions', () => {
    it('are told as they are stored, those that the filter names', async () => {
      const everything = await open('/operator/events');
      const ends = await open('/operator/events?type=turn.succeeded,session&session_id=all-2');
      await operator.chat({ session_id: 'all-1', message: 'hello' }).expect(200);
      await operator.chat({ session_id: 'all-2', message: 'hello' }).expect(200);
      await everything.until(({ type, session_id }) => type === 'turn.succeeded' && session_id === 'all-2');
      await ends.until('turn.succeeded');
      expect(everything.events.filter(({ session_id }) => /^all-[12]$/.test(session_id!))).toHaveLength(12);
      expect(ends.events.map(({ type, session_id }) => [type, session_id])).toEqual([
        ['session.created', 'all-2'],
        ['turn.succeeded', 'all-2'],
      ]);
    });

    it('go on where the client left them, from the very first if it says so', async () => {
      await operator.chat({ session_id: 'all-3', message: 'hello' }).expect(200);
      const first = await open('/operator/events?after=0-0');
      await first.until(({ type, session_id }) => type === 'turn.succeeded' && session_id === 'all-3');
      expect(first.events[0]).toMatchObject({ type: 'session.created', seq: 1 });
      const middle = first.events[5]!.id!;
      const rest = await open('/operator/events', { ...AUTH, 'Last-Event-ID': middle });
      await rest.until(({ type, session_id }) => type === 'turn.succeeded' && session_id === 'all-3');
      expect(rest.events.map(({ json }) => json)).toEqual(first.events.slice(6).map(({ json }) => json));
    });

    it.each(['?after=5', '?type=Turn', '?session_id=a%20b'])('are not told of with %s', async (query) => {
      const { body } = await operator.get(`/operator/events${query}`).expect(422);
      expect(body.error).toBe('validation_failed');
    });
  });

  describe('for browsers', () => {
    const token = async (body: object) => (await operator.post('/operator/events/token', body).expect(201)).body;

    it('are opened with a token that is of use once', async () => {
      await operator.chat({ session_id: 'browser', message: 'hello' }).expect(200);
      const issued = await token({ session_id: 'browser' });
      expect(issued).toEqual({ token: expect.any(String), session_id: 'browser', expires_at: expect.any(String) });
      expect(Date.parse(issued.expires_at) - Date.now()).toBeLessThanOrEqual(60_000);
      const path = `/operator/session/browser/events?token=${issued.token}`;
      const reader = await open(path, {});
      expect(reader.status).toBe(200);
      await reader.until('turn.succeeded');
      const again = await open(path, {});
      expect(again.status).toBe(403);
      const rows = await operator.rows(`SELECT * FROM operator_stream_token`);
      expect(JSON.stringify(rows)).not.toContain(issued.token);
    });

    it('are not opened with the token of another stream, which is of no use any more', async () => {
      await operator.chat({ session_id: 'mine', message: 'hello' }).expect(200);
      const { token: ofOther } = await token({ session_id: 'browser' });
      expect((await open(`/operator/session/mine/events?token=${ofOther}`, {})).status).toBe(403);
      expect((await open(`/operator/session/browser/events?token=${ofOther}`, {})).status).toBe(403);
    });

    it('can be those of all sessions', async () => {
      const { token: ofAll } = await token({});
      expect((await open(`/operator/events?token=${ofAll}`, {})).status).toBe(200);
      const { token: ofOne } = await token({ session_id: 'browser' });
      expect((await open(`/operator/events?token=${ofOne}`, {})).status).toBe(403);
    });

    it('are not opened when its time is over', async () => {
      const { token: old } = await token({ session_id: 'browser' });
      await operator.rows("UPDATE operator_stream_token SET expires_at = '2020-01-01 00:00:00.000000'");
      expect((await open(`/operator/session/browser/events?token=${old}`, {})).status).toBe(403);
    });

    it('are the only thing that a token opens', async () => {
      const { token: ofAll } = await token({});
      expect((await open(`/operator/sessions?token=${ofAll}`, {})).status).toBe(401);
      expect((await open('/operator/events', {})).status).toBe(401);
      expect((await open('/operator/events?token=wrong', {})).status).toBe(403);
    });
  });

  it('are told to a hundred who watch one turn, the same to each', async () => {
    await operator.chat({ session_id: 'watched', message: 'first' }).expect(200);
    const watchers = await Promise.all(Array.from({ length: 100 }, () => watch('watched')));
    await operator.chat({ session_id: 'watched', message: 'second' }).expect(200);
    await Promise.all(
      watchers.map((watcher) => watcher.until(({ type, seq }) => type === 'turn.succeeded' && seq! > 6)),
    );
    for (const watcher of watchers) {
      expect(watcher.stored.map(({ json }) => json)).toEqual(watchers[0]!.stored.map(({ json }) => json));
      expect(watcher.text).toBe('echo: second');
    }
  });

  it('are told to no more than are allowed, and the others hear when to come again', async () => {
    const watchers = await Promise.all(Array.from({ length: 155 }, () => watch('watched')));
    const refused = watchers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(5);
    expect(refused[0]!.headers['retry-after']).toBe('5');
    for (const watcher of watchers) watcher.close();
    await until(async () => (await openStreams()) === 0);
  });

  it('do not pile up for a reader that stops reading: it is let go, and can go on where it was', async () => {
    upstream.chat = answers.text('x'.repeat(200_000));
    await operator.chat({ session_id: 'slow', message: 'first' }).expect(200);
    const reader = await watch('slow');
    await reader.until('turn.succeeded');
    reader.stopReading();
    for (let n = 0; n < 60; n++) {
      await operator.chat({ session_id: 'slow', message: `${n}` }).expect(200);
      expect(Math.max(...[...sockets].map(({ writableLength }) => writableLength))).toBeLessThan(1024 * 1024);
    }
    await until(async () => (await openStreams()) === 0, 20_000);

    const again = await watch('slow', `?after=${reader.lastId}`);
    const last = (
      await operator.rows<{ n: number }>("SELECT MAX(seq) AS n FROM operator_event WHERE session_id = 'slow'")
    )[0]!.n;
    await again.until(({ seq }) => seq === Number(last), 15_000);
    expect(again.stored.map(({ seq }) => seq)).toEqual(
      Array.from({ length: Number(last) - Number(reader.lastId) }, (_, index) => Number(reader.lastId) + 1 + index),
    );
  });
});
