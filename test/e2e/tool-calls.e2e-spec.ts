import { isPostgres } from '../support/database';
import { EventReader } from '../support/event-reader';
import { expectProblem, rowCounts } from '../support/problem';
import { rawRequest } from '../support/raw-request';
import { AUTH, type TestApp, createTestApp } from '../support/test-app';
import { type ToolCallSeed, writeToolCalls } from '../support/tool-calls';

const KIB = 1024;
const CALL = '/operator/tool/call';
/** A cursor that no page handed out. */
const tampered = (text: string): string => Buffer.from(text).toString('base64url');
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

interface Message {
  messageId: number;
  sessionId: string;
  turnId: string;
}

describe('Tool calls', () => {
  let operator: TestApp;
  beforeAll(async () => {
    operator = await createTestApp({ DATABASE_SYNCHRONOUS: 'normal', RATE_LIMIT_POSTS: '0' });
  });
  afterAll(() => operator.close());

  let sessions = 0;
  /** An answer, in a session of its own unless told. */
  async function aMessage(sessionId = `tools-${++sessions}`): Promise<Message> {
    const { body } = await operator.chat({ message: 'hello', session_id: sessionId }).expect(200);
    return { messageId: body.message_id, sessionId, turnId: body.turn_id };
  }
  const record = (body: object) => operator.post(CALL, body);
  const call = (messageId: number, more: object = {}) => ({
    message_id: messageId,
    tool_name: 'browser',
    call_id: 'c1',
    status: 'ok',
    ...more,
  });
  const countOf = async (messageId: number): Promise<number> => {
    const [row] = await operator.rows<{ n: number | string }>(
      `SELECT COUNT(*) AS n FROM operator_tool_call WHERE message_id = ${messageId}`,
    );
    return Number(row!.n);
  };

  describe('are recorded', () => {
    it('with everything that is known of them', async () => {
      const { messageId, sessionId, turnId } = await aMessage();
      const { body } = await record({
        message_id: messageId,
        tool_name: 'browser',
        status: 'error',
        duration_ms: 128,
        result: { title: 'Example', list: [1, null, 'é'] },
        error: 'net::ERR_NAME_NOT_RESOLVED',
        call_id: 'call_1',
      }).expect(201);

      expect(body).toEqual({
        id: expect.any(Number),
        call_id: 'call_1',
        message_id: messageId,
        session_id: sessionId,
        turn_id: turnId,
        tool_name: 'browser',
        status: 'error',
        duration_ms: 128,
        result: { title: 'Example', list: [1, null, 'é'] },
        error: 'net::ERR_NAME_NOT_RESOLVED',
        created_at: ISO,
        finished_at: body.created_at,
        arguments: null,
        approval: null,
      });
      const { body: list } = await operator.get(`/operator/tool/calls?message_id=${messageId}`).expect(200);
      expect(list).toEqual({ items: [body], next_cursor: null });
    });

    it('with nothing but what must be there', async () => {
      const { messageId } = await aMessage();
      const { body } = await record({ message_id: messageId, tool_name: 'x', status: 'pending' }).expect(201);
      expect(body).toMatchObject({ call_id: null, duration_ms: null, result: null, error: null, finished_at: null });
    });

    it.each([
      ['a text', '"plain"'],
      ['an empty text', '""'],
      ['a number', '-0.5e3'],
      ['false', 'false'],
      ['null', 'null'],
      ['an empty list', '[]'],
      ['lists in lists', '[[],[[1]],{"a":[{}]}]'],
      ['an object', '{"a":{"b":[1,"2",null]}}'],
      ['names that belong to JavaScript', '{"__proto__":{"x":1},"constructor":2,"a":{"prototype":3,"__proto__":4}}'],
      ['NUL and half a surrogate pair', '{"\\u0000":"a\\u0000b\\ud83d"}'],
    ])('with a result that is %s, as it came', async (_, result) => {
      const { messageId } = await aMessage();
      const body = `{"message_id": ${messageId}, "tool_name": "t", "status": "ok", "result": ${result}}`;
      const asItCame = JSON.stringify(JSON.parse(result));
      const shown = ({ text }: { text: string }) => JSON.stringify((JSON.parse(text) as { result: unknown }).result);

      expect(shown(await operator.post(CALL, body).expect(201))).toBe(asItCame);
      const { text } = await operator.get(`/operator/tool/calls?message_id=${messageId}`).expect(200);
      expect(shown({ text: JSON.stringify(JSON.parse(text).items[0]) })).toBe(asItCame);
      const { body: session } = await operator.get(`/operator/session/tools-${sessions}`).expect(200);
      expect(JSON.stringify(session.messages[1].tool_calls[0].result)).toBe(asItCame);
    });

    it('with a result of exactly 64 KiB, the longest name and the longest duration', async () => {
      const { messageId } = await aMessage();
      const result = 'é'.repeat((64 * KIB - 2) / 2);
      const call = { message_id: messageId, tool_name: '🙂'.repeat(100), status: 'ok', duration_ms: 2_147_483_647 };
      const { body } = await record({ ...call, result }).expect(201);
      expect(body).toMatchObject({ tool_name: call.tool_name, duration_ms: 2_147_483_647, result });
    });

    it('in the form of the original, with the scalars as query parameters and the body as the result', async () => {
      const { messageId } = await aMessage();
      const query = `message_id=${messageId}&tool_name=shell&status=error&duration_ms=12&error=exit%201`;
      const { body } = await operator.post(`${CALL}?${query}`, { message_id: 1, stdout: 'x' }).expect(201);
      expect(body).toMatchObject({
        message_id: messageId,
        tool_name: 'shell',
        status: 'error',
        duration_ms: 12,
        result: { message_id: 1, stdout: 'x' },
        error: 'exit 1',
      });
      const bare = await rawRequest(operator.url, {
        method: 'POST',
        path: `${CALL}?message_id=${messageId}&tool_name=shell&status=ok`,
        headers: AUTH,
      });
      expect(bare).toMatchObject({ status: 201, body: { status: 'ok', result: null, duration_ms: null } });
    });

    it.each([
      ['a list', [1, { a: null }]],
      ['a text', 'x'],
      ['a number', 0],
      ['false', false],
      ['null', null],
    ])('in the form of the original, with %s for the result', async (_name, result) => {
      const { messageId } = await aMessage();
      const query = `message_id=${messageId}&tool_name=shell&status=ok`;
      const answer = await rawRequest(operator.url, {
        method: 'POST',
        path: `${CALL}?${query}`,
        headers: { ...AUTH, 'Content-Type': 'application/json' },
        body: JSON.stringify(result),
      });
      expect(answer).toMatchObject({ status: 201, body: { tool_name: 'shell', result } });
    });

    it.each([
      ['nests too deep', `?message_id=1&tool_name=a&status=ok`, '['.repeat(65) + ']'.repeat(65)],
      ['is a list, and the query names no message', '', '[]'],
    ])('but not when the body %s: 422', async (_name, query, body) => {
      const answer = await rawRequest(operator.url, {
        method: 'POST',
        path: CALL + query,
        headers: { ...AUTH, 'Content-Type': 'application/json' },
        body,
      });
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ field: 'body' }] } });
    });

    it('from the body alone when the query names no message', async () => {
      const { messageId } = await aMessage();
      const call = { message_id: messageId, tool_name: 'json', status: 'ok' };
      const { body } = await operator.post(`${CALL}?tool_name=query&status=error`, call).expect(201);
      expect(body).toMatchObject({ tool_name: 'json', status: 'ok' });
    });

    it('and shown with their message, but not as part of an answer that is given again', async () => {
      const key = { 'Idempotency-Key': 'tools-replayed' };
      const chat = () => operator.chat({ message: '/help', session_id: 'tools-replay' }, key).expect(200);
      const first = await chat();
      await record({ message_id: first.body.message_id, tool_name: 'later', status: 'ok' }).expect(201);

      expect((await chat()).body).toEqual(first.body);
      const { body } = await operator.get('/operator/session/tools-replay').expect(200);
      expect(body.messages[1].tool_calls.map(({ tool_name }: any) => tool_name)).toEqual(['help', 'later']);
    });

    it('and go with their session', async () => {
      const { messageId, sessionId } = await aMessage();
      await record({ message_id: messageId, tool_name: 'x', status: 'ok' }).expect(201);
      await operator.delete(`/operator/session/${sessionId}`).expect(204);
      expect(await countOf(messageId)).toBe(0);
    });
  });

  describe('of one call id', () => {
    it.each(['ok', 'error'])('go from pending to %s, keeping id and time', async (status) => {
      const { messageId } = await aMessage();
      const { body: begun } = await record(call(messageId, { status: 'pending', result: { at: 1 } })).expect(201);
      const end = { status, duration_ms: 9, result: [1], error: status === 'error' ? 'no' : null };
      const { body: ended } = await record(call(messageId, end)).expect(200);

      expect(ended).toEqual({ ...begun, ...end, finished_at: ISO });
      expect(ended.finished_at >= begun.created_at).toBe(true);
      expect(await countOf(messageId)).toBe(1);
    });

    it('may stay pending and say more', async () => {
      const { messageId } = await aMessage();
      await record(call(messageId, { status: 'pending' })).expect(201);
      const { body } = await record(call(messageId, { status: 'pending', result: 'half' })).expect(200);
      expect(body).toMatchObject({ status: 'pending', result: 'half', finished_at: null });
    });

    it('may be repeated once they have ended, in whatever order a result names its fields', async () => {
      const { messageId } = await aMessage();
      const { body } = await record(call(messageId, { result: { a: 1, b: [-0] }, duration_ms: 3 })).expect(201);
      const again = await record(call(messageId, { result: { b: [0], a: 1 }, duration_ms: 3, error: null })).expect(
        200,
      );
      expect(again.body).toEqual(body);
    });

    it.each([
      ['another status', { status: 'error' }],
      ['pending', { status: 'pending' }],
      ['another result', { result: 2 }],
      ['another duration', { duration_ms: 4 }],
      ['an error', { error: 'after all' }],
      ['another tool', { tool_name: 'shell' }],
    ])('do not become %s once they have ended', async (_, change) => {
      const { messageId } = await aMessage();
      const { body: kept } = await record(call(messageId, { result: 1, duration_ms: 3 })).expect(201);
      const answer = await record(call(messageId, { result: 1, duration_ms: 3, ...change }));

      const { tool_call_id, tool_call_status, ...problem } = answer.body;
      expectProblem(
        { status: answer.status, headers: answer.headers, body: problem },
        {
          status: 409,
          error: 'tool_call_finished',
          instance: CALL,
        },
      );
      expect([tool_call_id, tool_call_status]).toEqual([kept.id, 'ok']);
      const { body: list } = await operator.get(`/operator/tool/calls?message_id=${messageId}`).expect(200);
      expect(list.items).toEqual([kept]);
    });

    it('are calls of their own on another message', async () => {
      const [one, other] = [await aMessage(), await aMessage()];
      await record(call(one.messageId)).expect(201);
      await record(call(other.messageId, { status: 'error' })).expect(201);
    });

    it('are one row however many reports come at once', async () => {
      const { messageId } = await aMessage();
      const reports = Array.from({ length: 20 }, () => record(call(messageId, { result: { same: true } })));
      const answers = await Promise.all(reports);

      expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201]);
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      expect(await countOf(messageId)).toBe(1);
    });

    it('end once, one way, when reports at once disagree', async () => {
      const { messageId } = await aMessage();
      await record(call(messageId, { status: 'pending' })).expect(201);
      const outcomes = Array.from({ length: 20 }, (_, n) => ({ status: n % 2 ? 'ok' : 'error', duration_ms: n % 4 }));
      const answers = await Promise.all(outcomes.map((outcome) => record(call(messageId, outcome))));

      const { body: list } = await operator.get(`/operator/tool/calls?message_id=${messageId}`).expect(200);
      const [{ status, duration_ms }] = list.items;
      const expected = outcomes.map((outcome) =>
        outcome.status === status && outcome.duration_ms === duration_ms ? 200 : 409,
      );
      expect(answers.map((answer) => answer.status)).toEqual(expected);
      expect(expected.filter((code) => code === 200)).toHaveLength(5);
    });
  });

  describe('are told to who watches the session', () => {
    const watch = async (sessionId: string) => {
      const reader = await EventReader.open(`${operator.url}/operator/session/${sessionId}/events`);
      const told = () => reader.events.filter(({ type }) => type === 'tool_call.reported');
      return { reader, told };
    };

    it('when they are recorded, and when they end; not when a report comes again, or is refused', async () => {
      const { messageId, sessionId, turnId } = await aMessage();
      const { reader, told } = await watch(sessionId);
      const { body } = await record(call(messageId, { status: 'pending' })).expect(201);
      await record(call(messageId, { status: 'pending' })).expect(200);
      const end = { status: 'error', duration_ms: 9, error: 'no' };
      await record(call(messageId, end)).expect(200);
      await record(call(messageId, end)).expect(200);
      await record(call(messageId, { status: 'ok' })).expect(409);
      await record(call(messageId, { call_id: 'c2', tool_name: 'shell' })).expect(201);
      await reader.until(() => told().length >= 3);
      reader.close();

      const address = { message_id: messageId, turn_id: turnId };
      expect(told().map(({ data }) => data)).toEqual([
        {
          ...address,
          tool_call_id: body.id,
          tool_name: 'browser',
          status: 'pending',
          duration_ms: null,
          error: null,
        },
        { ...address, tool_call_id: body.id, tool_name: 'browser', ...end },
        {
          ...address,
          tool_call_id: expect.any(Number),
          tool_name: 'shell',
          status: 'ok',
          duration_ms: null,
          error: null,
        },
      ]);
    });

    it('once each and without a gap, however many are reported at once', async () => {
      const { messageId, sessionId } = await aMessage();
      const ids = Array.from({ length: 20 }, (_, n) => `c${n % 10}`);
      const answers = await Promise.all(ids.map((call_id) => record(call(messageId, { call_id }))));
      const { reader, told } = await watch(sessionId);
      await reader.until(() => told().length >= 10);
      reader.close();

      const made = answers.filter(({ status }) => status === 201).map(({ body }) => body.id);
      expect(told().map(({ data }) => data.tool_call_id)).toEqual(made.sort((a, b) => a - b));
      const seqs = reader.events.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, n) => n + 1));
    });
  });

  describe('are refused, and nothing of them is stored:', () => {
    let message: Message;
    let stored: Record<string, number>;
    beforeAll(async () => void (message = await aMessage()));
    beforeEach(async () => void (stored = await rowCounts(operator)));
    afterEach(async () => expect(await rowCounts(operator)).toEqual(stored));
    const valid = () => ({ message_id: message.messageId, tool_name: 'x', status: 'ok' });

    it.each([999_999, 2_147_483_647])('of a message that there is not: %i is 404', async (message_id) => {
      expectProblem(await record({ ...valid(), message_id }), {
        status: 404,
        error: 'message_not_found',
        instance: CALL,
      });
      const query = `${CALL}?message_id=${message_id}&tool_name=x&status=ok`;
      expectProblem(await operator.post(query), { status: 404, error: 'message_not_found', instance: CALL });
    });

    const WRONG: [field: string, values: unknown[]][] = [
      ['message_id', [undefined, null, '1', 1.5, 0, -1, true, [], [1], {}, 2_147_483_648, 1e300]],
      ['tool_name', [undefined, null, 5, true, [], {}, '', '  ', 'x'.repeat(101), 'a\0b', '\ud83d']],
      ['status', [undefined, null, 'done', 'OK', '', 0, true, [], ['ok'], {}]],
      ['duration_ms', [-1, 0.5, '5', true, [], [5], {}, 2_147_483_648, 1e300]],
      ['error', [5, true, [], {}, 'a\0b', '\udc00', 'x'.repeat(8_193)]],
      ['call_id', [5, true, [], {}, '', ' ', 'x'.repeat(129), 'a\0b', '\ud83d']],
    ];
    const wrongValues = WRONG.flatMap(([field, values]) =>
      values.map((value) => [field, String(JSON.stringify(value)).slice(0, 40), value] as const),
    );
    it.each(wrongValues)('%s: %s is 422', async (field, _, value) => {
      const answer = await record({ ...valid(), [field]: value });
      expectProblem(answer, { status: 422, error: 'validation_failed', instance: CALL, fields: [field] });
    });

    it.each([
      ['message_id', 'message_id=seven&tool_name=x&status=ok'],
      ['message_id', 'message_id=&tool_name=x&status=ok'],
      ['message_id', 'message_id=1&message_id=2&tool_name=x&status=ok'],
      ['status', 'message_id=1&tool_name=x&status=done'],
      ['tool_name', 'message_id=1&status=ok'],
      ['duration_ms', 'message_id=1&tool_name=x&status=ok&duration_ms=-1'],
      ['duration_ms', 'message_id=1&tool_name=x&status=ok&duration_ms=1.5'],
    ])('%s in the query: %s is 422', async (field, query) => {
      const answer = await operator.post(`${CALL}?${query}`, {});
      expectProblem(answer, { status: 422, error: 'validation_failed', instance: CALL, fields: [field] });
    });

    it.each([
      ['65 KiB', 'x'.repeat(65 * KIB)],
      ['64 KiB and a byte', 'x'.repeat(64 * KIB - 1)],
      ['few characters and too many bytes', '€'.repeat(21_845)],
      ['too many small values', Array(33_000).fill(1)],
    ])('a result of %s: 413, in either form', async (_, result) => {
      const problem = { status: 413, error: 'payload_too_large', instance: CALL };
      expectProblem(await record({ ...valid(), result }), problem);
      const { message_id, tool_name, status } = valid();
      const query = `message_id=${message_id}&tool_name=${tool_name}&status=${status}`;
      expectProblem(await operator.post(`${CALL}?${query}`, { result }), problem);
    });

    it('a result that nests 100,000 levels deep: 422', async () => {
      const deep = '['.repeat(100_000) + ']'.repeat(100_000);
      const answer = await operator.post(
        CALL,
        `{"message_id": ${message.messageId}, "tool_name": "x", "status": "ok", "result": ${deep}}`,
      );
      expectProblem(answer, { status: 422, error: 'validation_failed', instance: CALL, fields: ['body'] });
    });

    it('without a body, or one that is no object: 422', async () => {
      const fields = ['message_id', 'status', 'tool_name'];
      const bare = await rawRequest(operator.url, { method: 'POST', path: CALL, headers: AUTH });
      expectProblem(bare, { status: 422, error: 'validation_failed', instance: CALL, fields });
      const list = await operator.post(CALL, '[]');
      expectProblem(list, { status: 422, error: 'validation_failed', instance: CALL, fields: ['body'] });
    });
  });

  describe('in a list', () => {
    const TOOLS = ['browser', 'shell', 'search'];
    const STATES = ['ok', 'ok', 'error', 'ok', 'pending'];
    const at = (second: number) =>
      `2026-03-01 10:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}.000000`;
    const iso = (second: number) => `${at(second).replace(' ', 'T').slice(0, 19)}Z`;
    let messages: Message[];
    /** All of them, newest first, as the database has them. */
    let everything: any[];

    beforeAll(async () => {
      messages = [await aMessage('list-a'), await aMessage('list-a'), await aMessage('list-b')];
      // Two share a moment, and moments do not come in the order of ids.
      for (const [index, message] of messages.entries()) {
        const seeds = Array.from({ length: 60 }, (_, n): ToolCallSeed => {
          const place = n * 7 + index;
          return {
            toolName: TOOLS[place % 3]!,
            status: STATES[place % 5]!,
            at: at(Math.floor(((place * 11) % 180) / 2)),
          };
        });
        await writeToolCalls(operator, message, seeds);
      }
      everything = (
        await operator.rows<any>(
          `SELECT id, message_id, tool_name, status, CAST(created_at AS TEXT) AS at FROM operator_tool_call
           WHERE message_id IN (${messages.map(({ messageId }) => messageId).join(', ')})
           ORDER BY created_at DESC, id DESC`,
        )
      ).map((row) => ({ ...row, ...messages.find(({ messageId }) => messageId === row.message_id) }));
    });

    async function listed(filters: Record<string, unknown>, limit: number): Promise<any[]> {
      const query = new URLSearchParams({ ...(filters as Record<string, string>), limit: String(limit) });
      const found: any[] = [];
      for (let pages = 0; pages < 300; pages++) {
        const { body } = await operator.get(`/operator/tool/calls?${query}`).expect(200);
        expect(body.items.length).toBeLessThanOrEqual(limit);
        found.push(...body.items);
        if (body.next_cursor === null) return found;
        expect(body.items).toHaveLength(limit);
        query.set('cursor', body.next_cursor);
      }
      throw new Error('The list has no end.');
    }

    const FILTERS: Record<string, { given: () => unknown; passes: (row: any) => boolean }> = {
      session_id: { given: () => 'list-a', passes: ({ sessionId }) => sessionId === 'list-a' },
      message_id: {
        given: () => messages[1]!.messageId,
        passes: ({ messageId }) => messageId === messages[1]!.messageId,
      },
      turn_id: { given: () => messages[1]!.turnId, passes: ({ turnId }) => turnId === messages[1]!.turnId },
      tool_name: { given: () => 'shell', passes: ({ tool_name }) => tool_name === 'shell' },
      status: { given: () => 'error', passes: ({ status }) => status === 'error' },
      from: { given: () => iso(20), passes: ({ at: time }) => time >= at(20).slice(0, 19) },
      to: { given: () => iso(70), passes: ({ at: time }) => time < at(70).slice(0, 19) },
    };
    const names = Object.keys(FILTERS);
    const combinations = Array.from({ length: 2 ** names.length - 1 }, (_, mask) =>
      names.filter((__, bit) => (mask + 1) & (2 ** bit)),
    );

    it.each(combinations.map((combination) => [combination.join(', '), combination] as const))(
      'by %s they are those that pass, the newest first, each once',
      async (_, combination) => {
        const filters = Object.fromEntries(combination.map((name) => [name, FILTERS[name]!.given()]));
        // Other tests have written calls too; these have all been recorded in March.
        const inMarch = { from: iso(0), to: '2026-03-02T00:00:00Z', ...filters };
        const expected = everything.filter((row) => combination.every((name) => FILTERS[name]!.passes(row)));
        const found = await listed(inMarch, 7);
        expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      },
    );

    it.each(['ok', 'pending'])('by the status %s alone they are all there', async (status) => {
      const ids = (await listed({ status, from: iso(0), to: '2026-03-02T00:00:00Z' }, 9)).map(({ id }) => id);
      expect(ids).toEqual(everything.filter((row) => row.status === status).map(({ id }) => id));
    });

    it('of nothing that there is are none', async () => {
      for (const filter of ['session_id=nobody', 'message_id=999999', `turn_id=6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d`]) {
        const { body } = await operator.get(`/operator/tool/calls?${filter}`).expect(200);
        expect(body).toEqual({ items: [], next_cursor: null });
      }
    });

    it('neither repeat nor skip when more are recorded between two pages', async () => {
      const message = await aMessage();
      await writeToolCalls(operator, message, Array(10).fill({ toolName: 'x' }));
      const path = `/operator/tool/calls?message_id=${message.messageId}&limit=4`;
      const { body: first } = await operator.get(path).expect(200);
      await record({ message_id: message.messageId, tool_name: 'x', status: 'ok' }).expect(201);
      const { body: second } = await operator.get(`${path}&cursor=${first.next_cursor}`).expect(200);
      const ids = [...first.items, ...second.items].map(({ id }: any) => id);
      expect(ids).toEqual(Array.from({ length: 8 }, (_, n) => ids[0] - n));
    });

    it.each([
      ['limit', 'limit=0'],
      ['limit', 'limit=201'],
      ['limit', 'limit=x'],
      ['cursor', 'cursor=x'],
      ['cursor', 'cursor=cDU'],
      ['message_id', 'message_id=0'],
      ['message_id', 'message_id=x'],
      ['message_id', 'message_id=2147483648'],
      ['turn_id', 'turn_id=x'],
      ['status', 'status=done'],
      ['status', 'status=ok&status=error'],
      ['tool_name', 'tool_name='],
      ['session_id', `session_id=${'x'.repeat(65)}`],
      ['from', 'from=yesterday'],
      ['from', 'from=2026-11-23'],
      ['from', 'from=2026-11-23T09:30:00'],
      ['from', 'from=2026-02-30T00:00:00Z'],
      ['from', 'from=0000-06-01T00:00:00Z'],
      ['to', 'to=0001-01-01T00:00:00%2B14:00'],
      ['cursor', `cursor=${tampered('t0000-01-01 00:00:00/5')}`],
      ['cursor', `cursor=${tampered('t2026-02-30 00:00:00.000000/5')}`],
      ['to', 'to=2026-11-23T25:00:00Z'],
      ['to', 'to=1764000000'],
    ])('are not asked for by a wrong %s: %s is 422', async (field, query) => {
      const answer = await operator.get(`/operator/tool/calls?${query}`);
      const problem = { status: 422, error: 'validation_failed', fields: [field] };
      expectProblem(answer, { ...problem, instance: '/operator/tool/calls' });
    });
  });

  describe('ten thousand of one message', () => {
    let message: Message;
    beforeAll(async () => {
      message = await aMessage('crowded');
      const seeds = Array.from({ length: 10_000 }, (_, n): ToolCallSeed => ({
        toolName: `crowd-${n % 3}`,
        status: n === 17 ? 'error' : 'ok',
        durationMs: n,
      }));
      await writeToolCalls(operator, message, seeds);
    });

    it('are shown twenty at a time in the session, with the way to the others', async () => {
      const { body, text } = await operator.get('/operator/session/crowded').expect(200);
      const [question, answer] = body.messages;
      expect(question).toMatchObject({ tool_calls: [], more_tool_calls: null });
      expect(answer.tool_calls.map(({ duration_ms }: any) => duration_ms)).toEqual(Array.from(Array(20).keys()));
      expect(answer.more_tool_calls).toBe(`/operator/tool/calls?message_id=${message.messageId}`);
      expect(text.length).toBeLessThan(10_000);
      const { body: list } = await operator.get(answer.more_tool_calls).expect(200);
      expect(list.items).toHaveLength(50);
    });

    it('are all in an export, in either format', async () => {
      const { text } = await operator.get('/operator/session/crowded/export').buffer(true).expect(200);
      const [, answer] = JSON.parse(text).messages;
      expect(answer.tool_calls.map(({ duration_ms }: any) => duration_ms)).toEqual(Array.from(Array(10_000).keys()));
      const { text: markdown } = await operator
        .get('/operator/session/crowded/export?format=markdown')
        .buffer(true)
        .expect(200);
      expect(markdown.match(/^- tool /gm)).toHaveLength(10_000);
    });

    it.each([
      ['message_id=ID', 50],
      ['message_id=ID&status=error', 1],
      ['session_id=crowded&tool_name=crowd-2&status=error', 1],
      ['session_id=crowded&status=pending', 0],
      ['tool_name=crowd-1', 50],
      ['status=ok&tool_name=crowd-0', 50],
    ])('are listed fast by %s', async (query, count) => {
      const path = `/operator/tool/calls?${query.replace('ID', String(message.messageId))}`;
      await operator.get(path).expect(200);
      const startedAt = performance.now();
      const { body } = await operator.get(path).expect(200);
      expect(performance.now() - startedAt).toBeLessThan(500);
      expect(body.items).toHaveLength(count);
    });

    it('are read to the end, each once', async () => {
      const ids = new Set<number>();
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: any = await operator
          .get(`/operator/tool/calls?session_id=crowded&limit=200${cursor && `&cursor=${cursor}`}`)
          .expect(200);
        for (const { id } of page.body.items) ids.add(id);
        cursor = page.body.next_cursor;
      }
      expect(ids.size).toBe(10_000);
    });
  });

  it('show no more than 4 MiB of results with a page of a session', async () => {
    const messages = [];
    for (let n = 0; n < 12; n++) messages.push(await aMessage('heavy'));
    for (const { messageId } of messages) {
      await operator.rows(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15)
         INSERT INTO operator_tool_call (message_id, session_id, tool_name, status, result, created_at)
         SELECT ${messageId}, 'heavy', 'dump', 'ok', '${JSON.stringify('x'.repeat(60_000))}',
           ${isPostgres ? 'now()' : "'2026-11-23 09:30:00.000000'"} FROM n`,
      );
    }
    const { body, text } = await operator.get('/operator/session/heavy').expect(200);
    expect(text.length).toBeGreaterThan(4_000_000);
    expect(text.length).toBeLessThan(4.1 * KIB * KIB);
    const answers = body.messages.filter(({ role }: any) => role === 'assistant');
    expect(answers.at(-1)).toMatchObject({ more_tool_calls: null });
    expect(answers.at(-1).tool_calls).toHaveLength(15);
    expect(answers[0].tool_calls).toEqual([]);
    expect(answers[0].more_tool_calls).toBe(`/operator/tool/calls?message_id=${messages[0]!.messageId}`);
  });
});
