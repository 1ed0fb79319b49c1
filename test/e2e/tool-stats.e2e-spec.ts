import fc from 'fast-check';
import { Reader } from '../../src/database/reader';
import { isPostgres } from '../support/database';
import { expectProblem } from '../support/problem';
import { type TestApp, createTestApp } from '../support/test-app';
import { type ToolCallSeed, writeToolCalls } from '../support/tool-calls';

const STATS = '/operator/tool/stats';

interface Message {
  messageId: number;
  sessionId: string;
}

/** What the figures mean, said once more and otherwise. */
function model(calls: ToolCallSeed[], { from, to }: { from?: string; to?: string } = {}) {
  const inRange = calls.filter(({ at }) => (!from || at! >= from) && (!to || at! < to));
  return [...new Set(inRange.map(({ toolName }) => toolName))].sort().map((tool_name) => {
    const mine = inRange.filter(({ toolName }) => toolName === tool_name);
    const durations = mine
      .map(({ durationMs }) => durationMs)
      .filter((duration) => duration != null)
      .sort((a, b) => a - b);
    const rank = (share: number) => durations[Math.max(1, Math.ceil(share * durations.length)) - 1] ?? null;
    const withStatus = (status: string) => mine.filter((call) => call.status === status);
    const [errors, pending] = [withStatus('error').length, withStatus('pending').length];
    const newest = (some: ToolCallSeed[]) =>
      some.reduce<ToolCallSeed | null>((found, call) => (found && found.at! > call.at! ? found : call), null);
    const iso = (at: string) => new Date(`${at.replace(' ', 'T')}Z`).toISOString();
    const lastError = newest(withStatus('error'));
    return {
      tool_name,
      calls: mine.length,
      pending,
      errors,
      error_rate: mine.length > pending ? errors / (mine.length - pending) : null,
      duration_ms: { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99) },
      last_called_at: iso(newest(mine)!.at!),
      last_error: lastError && { id: expect.any(Number), error: lastError.error, at: iso(lastError.at!) },
    };
  });
}

describe('Figures of tools', () => {
  let operator: TestApp;
  let message: Message;
  beforeAll(async () => {
    operator = await createTestApp({ DATABASE_SYNCHRONOUS: 'normal', RATE_LIMIT_POSTS: '0' });
    const { body } = await operator.chat({ message: 'hello', session_id: 'figures' }).expect(200);
    message = { messageId: body.message_id, sessionId: 'figures' };
  });
  afterAll(() => operator.close());
  beforeEach(() => operator.rows('DELETE FROM operator_tool_call'));

  const write = (calls: ToolCallSeed[]) => writeToolCalls(operator, message, calls);
  const stats = async (query: Record<string, string> = {}) =>
    (await operator.get(`${STATS}?${new URLSearchParams(query)}`).expect(200)).body;

  it('are none where nothing was called', async () => {
    expect(await stats()).toEqual({ from: null, to: null, tools: [], truncated: false });
    expect(await stats({ tool_name: 'nobody' })).toMatchObject({ tools: [] });
  });

  it('are of calls as they were reported, an error being as old as its end', async () => {
    const report = (body: object) =>
      operator.post('/operator/tool/call', { message_id: message.messageId, tool_name: 'browser', ...body });
    await report({ status: 'ok', duration_ms: 10 }).expect(201);
    await report({ status: 'pending', call_id: 'c' }).expect(201);
    const { body: begun } = await report({ status: 'pending', call_id: 'd' }).expect(201);
    const { body: ended } = await report({ status: 'error', call_id: 'd', duration_ms: 30, error: 'no' }).expect(200);

    expect(await stats()).toEqual({
      from: null,
      to: null,
      tools: [
        {
          tool_name: 'browser',
          calls: 3,
          pending: 1,
          errors: 1,
          error_rate: 0.5,
          duration_ms: { p50: 10, p95: 30, p99: 30 },
          last_called_at: begun.created_at,
          last_error: { id: begun.id, error: 'no', at: ended.finished_at },
        },
      ],
      truncated: false,
    });
  });

  it('are null where nobody knows', async () => {
    const at = '2026-03-01 10:00:00.000000';
    await write([{ toolName: 'a', status: 'pending', durationMs: null, at }]);
    const [tool] = (await stats()).tools;
    expect(tool).toMatchObject({ calls: 1, pending: 1, error_rate: null, last_error: null });
    expect(tool.duration_ms).toEqual({ p50: null, p95: null, p99: null });
  });

  it('are those of a model, whatever was called, over all time and any part of it', async () => {
    const moment = fc.integer({ min: 0, max: 59 }).map((n) => `2026-03-01 10:${String(n).padStart(2, '0')}:00.000000`);
    const call = fc.record({
      toolName: fc.constantFrom('browser', 'shell', 'Ünï code', "o'clock"),
      status: fc.constantFrom('ok', 'ok', 'error', 'pending', 'odd'),
      durationMs: fc.option(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2_147_483_647 }))),
      at: moment,
      error: fc.constantFrom(null, 'no'),
    });
    // One error a moment and tool: of two, either could be the last.
    const calls = fc.uniqueArray(call, { maxLength: 120, selector: ({ toolName, at }) => `${toolName} ${at}` });
    await fc.assert(
      fc.asyncProperty(calls, moment, moment, async (some, from, to) => {
        await operator.rows('DELETE FROM operator_tool_call');
        await write(some);
        const zulu = (at: string) => `${at.replace(' ', 'T').slice(0, 19)}Z`;
        const byName = (tools: any[]) => tools.toSorted((a, b) => (a.tool_name < b.tool_name ? -1 : 1));
        expect(byName((await stats()).tools)).toEqual(model(some));
        const part = await stats({ from: zulu(from), to: zulu(to) });
        expect(byName(part.tools)).toEqual(model(some, { from, to }));
        expect([part.from, part.to]).toEqual([zulu(from).replace('Z', '.000Z'), zulu(to).replace('Z', '.000Z')]);
        expect(byName((await stats({ from: zulu(from) })).tools)).toEqual(model(some, { from }));
        expect((await stats({ tool_name: 'shell', to: zulu(to) })).tools).toEqual(
          model(
            some.filter(({ toolName }) => toolName === 'shell'),
            { to },
          ),
        );
      }),
      { numRuns: isPostgres ? 15 : 40 },
    );
  });

  it.each([4_999, 5_000, 5_001, 10_000, 12_345])('are exact over %i calls of one tool', async (count) => {
    const at = (n: number) => `2026-03-01 ${String(10 + (n % 8)).padStart(2, '0')}:00:00.000000`;
    const calls = Array.from({ length: count }, (_, n): ToolCallSeed => ({
      toolName: 'busy',
      status: n % 2 ? 'error' : 'ok',
      // Many alike, many not, and some unknown.
      durationMs: n % 11 === 0 ? null : n % 3 === 0 ? 7 : (n * 7_919) % 4_001,
      at: at(n),
      error: 'no',
    }));
    await write(calls);
    expect((await stats()).tools).toEqual(model(calls));
    const [from, to] = [at(2), at(6)];
    const part = await stats({ from: '2026-03-01T12:00:00Z', to: '2026-03-01T16:00:00Z' });
    expect(part.tools).toEqual(model(calls, { from, to }));
  });

  it('are of 500 tools at most, and say so', async () => {
    const names = Array.from({ length: 501 }, (_, n) => `tool-${String(n).padStart(3, '0')}`);
    await write(names.map((toolName) => ({ toolName })));
    const { tools, truncated } = await stats();
    expect([tools.map(({ tool_name }: any) => tool_name), truncated]).toEqual([names.slice(0, 500), true]);
    expect((await stats({ tool_name: 'tool-500' })).tools).toMatchObject([{ calls: 1 }]);
    await operator.rows("DELETE FROM operator_tool_call WHERE tool_name = 'tool-000'");
    expect((await stats()).truncated).toBe(false);
  });

  it.each([
    ['from', 'from=yesterday'],
    ['from', 'from=2026-11-23'],
    ['to', 'to=2026-13-01T00:00:00Z'],
    ['to', 'to=2026-02-29T00:00:00Z'],
    ['tool_name', 'tool_name='],
    ['tool_name', `tool_name=${'x'.repeat(101)}`],
  ])('are not asked for by a wrong %s: %s is 422', async (field, query) => {
    const answer = await operator.get(`${STATS}?${query}`);
    expectProblem(answer, { status: 422, error: 'validation_failed', instance: STATS, fields: [field] });
  });
});

describe('Among 60,000 tool calls', () => {
  let operator: TestApp;
  let message: Message & { turnId: string };
  let asked: { statement: string; values: readonly unknown[] }[];

  beforeAll(async () => {
    operator = await createTestApp({ DATABASE_SYNCHRONOUS: 'normal', RATE_LIMIT_POSTS: '0' });
    const { body } = await operator.chat({ message: 'hello', session_id: 'many' }).expect(200);
    message = { messageId: body.message_id, sessionId: 'many', turnId: body.turn_id };
    const moment = isPostgres
      ? "TIMESTAMP '2026-03-01 00:00:00' + i * INTERVAL '1 second'"
      : "strftime('%Y-%m-%d %H:%M:%f000', 1772323200 + i, 'unixepoch')";
    // Messages of one's own for most of them, as in life.
    await operator.rows(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
       INSERT INTO operator_message (session_id, role, content, created_at)
       SELECT 'many', 'user', 'x', ${moment} FROM n`,
    );
    await operator.rows(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59999)
       INSERT INTO operator_tool_call (message_id, session_id, tool_name, status, duration_ms, created_at)
       SELECT ${message.messageId} + i / 10, 'many', 'tool-' || (i % 12),
         CASE WHEN i % 23 = 0 THEN 'error' WHEN i % 997 = 0 THEN 'pending' ELSE 'ok' END,
         CASE WHEN i % 31 = 0 THEN NULL ELSE (i * 7919) % 3001 END, ${moment} FROM n`,
    );
    await operator.rows(isPostgres ? 'VACUUM ANALYZE operator_tool_call' : 'ANALYZE');
    if (isPostgres) await operator.rows('VACUUM ANALYZE operator_message');

    const { statements } = operator.app.get(Reader) as any;
    // On PostgreSQL one is made of the other.
    for (const method of isPostgres ? ['all'] : ['all', 'get']) {
      const original = statements[method].bind(statements);
      statements[method] = (statement: string, values: readonly unknown[] = []) => {
        asked.push({ statement, values });
        return original(statement, values);
      };
    }
  });
  afterAll(() => operator.close());

  /** How the database finds what a request asks for, a line a step. */
  async function plansOf(path: string): Promise<string[]> {
    asked = [];
    await operator.get(path).expect(200);
    const lines: string[] = [];
    for (const { statement, values } of asked.filter((one) => one.statement.includes('operator_tool_call'))) {
      let count = 0;
      const [explain, sql] = isPostgres
        ? ['EXPLAIN', statement.replace(/\?/g, () => `$${++count}`)]
        : ['EXPLAIN QUERY PLAN', statement];
      const rows = await (operator.app.get(Reader) as any).dataSource.query(`${explain} ${sql}`, [...values]);
      lines.push(...rows.map((row: any) => String(row.detail ?? row['QUERY PLAN'])));
    }
    return lines.filter((line) => /operator_tool_call|\bc\b|TEMP B-TREE/.test(line));
  }

  const ID = () => String(message.messageId + 7);
  it.each([
    ['nothing', ''],
    ['session', 'session_id=many'],
    ['message', 'message_id=ID'],
    ['turn', 'turn_id=TURN'],
    ['tool', 'tool_name=tool-3'],
    ['status', 'status=error'],
    ['tool and status', 'tool_name=tool-3&status=pending'],
    ['session and status', 'session_id=many&status=pending'],
    ['time', 'from=2026-03-01T02:00:00Z&to=2026-03-01T03:00:00Z'],
    ['tool and time', 'tool_name=tool-3&from=2026-03-01T02:00:00Z'],
    ['status and time', 'status=ok&to=2026-03-01T03:00:00Z'],
  ])('a list by %s is read along an index', async (_, query) => {
    const path = `/operator/tool/calls?${query.replace('ID', ID()).replace('TURN', message.turnId)}`;
    const plan = await plansOf(path);
    expect(plan.length).toBeGreaterThan(0);
    // Every step names an index, or the primary key.
    const steps = plan.filter((line) => /SCAN|SEARCH|Scan/.test(line));
    expect(
      steps.filter((line) => !/INDEX idx_|PRIMARY KEY|using (idx|pk)_|Bitmap Heap Scan|on idx_/.test(line)),
    ).toEqual([]);
    // Those of a turn's few messages are put in order when they are found.
    const sorted = plan.filter((line) => /TEMP B-TREE/.test(line));
    if (!isPostgres && !query.includes('turn_id')) expect(sorted).toEqual([]);
  });

  it.each([
    ['all time', ''],
    ['an hour', 'from=2026-03-01T02:00:00Z&to=2026-03-01T03:00:00Z'],
    ['a half', 'from=2026-03-01T08:00:00Z'],
  ])('figures over %s are read from indexes alone', async (_, query) => {
    const plan = await plansOf(`${STATS}?${query}`);
    const steps = plan.filter((line) => /SCAN|SEARCH|Scan/.test(line));
    expect(steps.length).toBeGreaterThanOrEqual(12 * 4);
    // The last call and the last error are rows; everything else is counted where it is indexed.
    const rows = steps.filter((line) => !/COVERING INDEX idx_|Index Only Scan/.test(line));
    const indexed =
      /USING INDEX idx_|Index Scan (Backward )?using idx_|Bitmap (Heap|Index) Scan on (operator_tool_call|idx_operator_tool_call_not_ok_by_tool) /;
    expect(rows.filter((line) => !indexed.test(line))).toEqual([]);
    expect(rows.length).toBeLessThanOrEqual(12 * 3);
  });

  it('a session shows its messages without reading more calls than it shows', async () => {
    const plan = await plansOf('/operator/session/many?limit=20');
    const steps = plan.filter((line) => /SCAN|SEARCH|Scan/.test(line) && /operator_tool_call|\bc\b/.test(line));
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.filter((line) => /SCAN (c|operator_tool_call)|Seq Scan on operator_tool_call/.test(line))).toEqual([]);
  });

  it('others are served while figures are made', async () => {
    let longest = 0;
    let last = performance.now();
    const pulse = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    await operator.get(STATS).expect(200);
    await operator.get(`${STATS}?from=2026-03-01T01:00:00Z`).expect(200);
    clearInterval(pulse);
    expect(longest).toBeLessThan(150);
  });
});
