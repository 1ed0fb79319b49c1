import { FakeSwitch, answers } from '../fakes/fake-switch';
import { AUTH, type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

describe('Chat', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    operator = await createTestApp({ SWITCH_URL: upstream.url, HISTORY_MAX_MESSAGES: '4' });
  });
  beforeEach(() => {
    upstream.chat = answers.echo;
    upstream.calls.length = 0;
  });
  afterAll(async () => {
    await operator.close();
    await upstream.stop();
  });

  const messagesOf = async (sessionId: string) => {
    const { body } = await operator.get(`/operator/session/${sessionId}`).expect(200);
    return body.messages as { id: number; role: string; content: string; turn_id: string }[];
  };
  const eventsOf = (sessionId: string) =>
    operator.rows<{ seq: number; type: string }>(
      `SELECT seq, type FROM operator_event WHERE session_id = '${sessionId}' ORDER BY seq`,
    );

  it('answers with what Switch says and keeps both messages', async () => {
    const { body } = await operator.chat({ message: 'hello', session_id: 'first' }).expect(200);

    expect(body).toEqual({
      session_id: 'first',
      response: 'echo: hello',
      tool_calls: [],
      message_id: expect.any(Number),
      turn_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      engine: 'general-7b',
      fallback_from: [],
      latency_ms: expect.any(Number),
    });
    const { body: session } = await operator.get('/operator/session/first').expect(200);
    expect(session).toMatchObject({ session_id: 'first', user_id: 'local', message_count: 2, next_cursor: null });
    expect(session.messages).toEqual([
      expect.objectContaining({ role: 'user', content: 'hello', turn_id: body.turn_id }),
      expect.objectContaining({
        id: body.message_id,
        role: 'assistant',
        content: 'echo: hello',
        turn_id: body.turn_id,
      }),
    ]);
  });

  it('opens a session with a UUID of its own when none is named', async () => {
    const { body } = await operator.chat({ message: 'hello', user_id: 'ana' }).expect(200);

    expect(body.session_id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    const { body: session } = await operator.get(`/operator/session/${body.session_id}`).expect(200);
    expect(session.user_id).toBe('ana');
  });

  it('records what happened, in order and without a gap', async () => {
    await operator.chat({ message: 'one', session_id: 'events' }).expect(200);
    upstream.chat = answers.plain500;
    await operator.chat({ message: 'two', session_id: 'events' }).expect(502);

    expect(await eventsOf('events')).toEqual([
      { seq: 1, type: 'session.created' },
      { seq: 2, type: 'message.created' },
      { seq: 3, type: 'turn.started' },
      { seq: 4, type: 'message.delta' },
      { seq: 5, type: 'message.created' },
      { seq: 6, type: 'turn.succeeded' },
      { seq: 7, type: 'message.created' },
      { seq: 8, type: 'turn.started' },
      { seq: 9, type: 'turn.failed' },
    ]);
  });

  describe('what Switch is asked', () => {
    it('is the context, the newest history that fits, oldest first, and the message last', async () => {
      for (const message of ['one', 'two', 'three']) {
        await operator.chat({ message, session_id: 'prompt' }).expect(200);
      }
      await operator.chat({ message: 'four', session_id: 'prompt', context_summary: 'They count.' }).expect(200);

      expect(upstream.chats.at(-1)!.body.messages).toEqual([
        { role: 'system', content: 'Context: They count.' },
        { role: 'user', content: 'two' },
        { role: 'assistant', content: 'echo: two' },
        { role: 'user', content: 'three' },
        { role: 'assistant', content: 'echo: three' },
        { role: 'user', content: 'four' },
      ]);
    });

    it('carries who speaks in the metadata, since Switch drops every other field', async () => {
      const { body } = await operator
        .chat(
          {
            message: 'hello',
            session_id: 'meta',
            user_id: 'ana',
            provider_hint: 'general-7b',
            metadata: { channel: 'web', task_type: 7, session_id: 'forged' },
          },
          { 'X-Request-Id': 'request-1' },
        )
        .expect(200);

      const [call] = upstream.chats;
      expect(call!.body.provider_hint).toBe('general-7b');
      expect(call!.body.metadata).toEqual({
        channel: 'web',
        task_type: 'chat',
        source: 'operator',
        session_id: 'meta',
        user_id: 'ana',
        turn_id: body.turn_id,
        message_id: body.message_id - 1,
        request_id: 'request-1',
      });
      expect((await operator.get('/operator/session/meta')).body.messages[0].metadata).toEqual({
        channel: 'web',
        task_type: 7,
        session_id: 'forged',
      });
    });

    it('shows every message of the same session exactly as it was said', async () => {
      const message = 'Ünïcode 🙂 \u2028 "quotes" \\ back\tslash \r\n <b>&amp;</b> $1 ? %s';
      await operator.chat({ message, session_id: 'exact' }).expect(200);

      expect(upstream.chats[0]!.body.messages).toEqual([{ role: 'user', content: message }]);
      expect((await messagesOf('exact')).map(({ content }) => content)).toEqual([message, `echo: ${message}`]);
    });
  });

  describe('several messages at once', () => {
    it('answers twenty of one session one after the other', async () => {
      let atOnce = 0;
      let most = 0;
      upstream.chat = async (call, response) => {
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, 5));
        atOnce--;
        return answers.echo(call, response);
      };
      const sent = Array.from({ length: 20 }, (_, n) =>
        operator.chat({ message: `m${n}`, session_id: 'crowd' }).expect(200),
      );
      await Promise.all(sent);

      const messages = await messagesOf('crowd');
      expect(most).toBe(1);
      expect(messages).toHaveLength(40);
      for (let n = 0; n < 40; n += 2) {
        const [asked, answered] = [messages[n]!, messages[n + 1]!];
        expect([asked.role, answered.role]).toEqual(['user', 'assistant']);
        expect(answered.content).toBe(`echo: ${asked.content}`);
        expect(answered.turn_id).toBe(asked.turn_id);
      }
      const events = await eventsOf('crowd');
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    });

    it('answers different sessions at the same time', async () => {
      const arrived = new Set<string>();
      let open!: () => void;
      const everybodyIsHere = new Promise<void>((resolve) => (open = resolve));
      upstream.chat = async (call, response) => {
        arrived.add(call.body.metadata.session_id);
        if (arrived.size === 5) open();
        await everybodyIsHere;
        return answers.echo(call, response);
      };
      await Promise.all(
        Array.from({ length: 5 }, (_, n) => operator.chat({ message: 'hi', session_id: `side-${n}` }).expect(200)),
      );
      expect(arrived.size).toBe(5);
    });

    it('refuses at once a message that does not want to wait', async () => {
      upstream.chat = answers.after(200, answers.echo);
      const first = operator.chat({ message: 'slow', session_id: 'busy' }).then();
      await until(() => upstream.chats.length === 1);

      const { body } = await operator.chat({ message: 'now', session_id: 'busy', on_busy: 'reject' }).expect(409);
      expect(body).toMatchObject({ error: 'turn_in_progress', session_id: 'busy' });
      await first;
      expect(await messagesOf('busy')).toHaveLength(2);
    });
  });

  describe('when Switch is sick', () => {
    const SICKNESSES: [keyof typeof answers, number, string][] = [
      ['throttled', 503, 'switch_throttled'],
      ['emptyText', 502, 'switch_bad_reply'],
      ['errorWith200', 502, 'switch_bad_reply'],
      ['list', 502, 'switch_bad_reply'],
      ['null', 502, 'switch_bad_reply'],
      ['number', 502, 'switch_bad_reply'],
      ['html', 502, 'switch_bad_reply'],
      ['huge', 502, 'switch_bad_reply'],
      ['redirect', 502, 'switch_bad_reply'],
      ['plain500', 502, 'switch_error'],
      ['unprocessable', 502, 'switch_error'],
      ['unauthorized', 502, 'switch_auth_failed'],
      ['forbidden', 502, 'switch_auth_failed'],
      ['reset', 503, 'switch_unavailable'],
      ['breakOff', 503, 'switch_unavailable'],
    ];

    it.each(SICKNESSES)('tells the truth about %s: %i %s', async (sickness, status, code) => {
      const sessionId = `sick-${sickness}`;
      upstream.chat = answers[sickness] as FakeSwitch['chat'];
      const { body, headers } = await operator.chat({ message: 'hello', session_id: sessionId }).expect(status);

      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(body).toMatchObject({ error: code, status, status_code: status, session_id: sessionId });
      const [asked, ...more] = await messagesOf(sessionId);
      expect(more).toEqual([]);
      expect(asked).toMatchObject({ id: body.message_id, role: 'user', content: 'hello', turn_id: body.turn_id });
      const { body: turn } = await operator.get(`/operator/turn/${body.turn_id}`).expect(200);
      expect(turn).toMatchObject({ status: 'failed', attempt: 1, error: { error: code, detail: body.detail } });

      upstream.chat = answers.echo;
      await operator.chat({ message: 'again', session_id: sessionId }).expect(200);
      expect((await messagesOf(sessionId)).map(({ role }) => role)).toEqual(['user', 'user', 'assistant']);
    });

    it('says when to come back after throttling', async () => {
      upstream.chat = answers.throttled;
      const { headers } = await operator.chat({ message: 'hello' }).expect(503);
      expect(headers['retry-after']).toBe('5');
    });

    it('tries a connection that failed once more before it gives up', async () => {
      let attempts = 0;
      upstream.chat = (call, response) => (++attempts === 1 ? answers.reset : answers.echo)(call, response);
      await operator.chat({ message: 'hello', session_id: 'retried' }).expect(200);
      expect(attempts).toBe(2);
      expect(await messagesOf('retried')).toHaveLength(2);

      attempts = 0;
      upstream.chat = (call, response) => (++attempts, answers.breakOff(call, response));
      await operator.chat({ message: 'hello', session_id: 'retried' }).expect(503);
      expect(attempts).toBe(1);
    });

    it('keeps a partial answer, marked as one', async () => {
      upstream.chat = answers.partial;
      await operator.chat({ message: 'hello', session_id: 'partial' }).expect(200);
      const { body } = await operator.get('/operator/session/partial');
      expect(body.messages[1]).toMatchObject({ content: 'half an answer', metadata: { partial: true } });
    });
  });

  it.each([
    ['revisionA', '[cli-remote] hola', 'cli'],
    ['revisionH', '[local-7b] hola', 'general-7b'],
  ] as const)('understands %s', async (revision, text, engine) => {
    upstream.chat = answers[revision];
    const { body } = await operator.chat({ message: 'hola' }).expect(200);
    expect(body).toMatchObject({ response: text, engine });
  });

  it('keeps a turn whose client hangs up', async () => {
    upstream.chat = answers.after(150, answers.echo);
    const abort = new AbortController();
    const request = fetch(`${operator.url}/operator/chat`, {
      method: 'POST',
      headers: { ...AUTH, 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'bye', session_id: 'gone' }),
      signal: abort.signal,
    });
    await until(() => upstream.chats.length === 1);
    abort.abort();
    await expect(request).rejects.toThrow();

    await until(async () => (await messagesOf('gone')).length === 2);
    expect((await messagesOf('gone'))[1]!.content).toBe('echo: bye');
  });

  it('gives up the answer of a session that was erased meanwhile', async () => {
    upstream.chat = answers.after(150, answers.echo);
    const request = operator.chat({ message: 'hello', session_id: 'erased' }).then();
    await until(() => upstream.chats.length === 1);
    await operator.delete('/operator/session/erased').expect(204);

    expect((await request).body).toMatchObject({ status: 404, error: 'session_not_found' });
    await operator.get('/operator/session/erased').expect(404);
  });
});
