import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metrics } from '../../src/common/metrics/metrics.service';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { createTestDatabase } from '../support/database';
import { expectProblem } from '../support/problem';
import { type TestApp, type TestEnv, createTestApp } from '../support/test-app';
import { until } from '../support/until';

const RECORD = '/switch/hermes/record_result';
const ROUTE = `POST ${RECORD}`;

/** How much is still to be told. */
async function waiting(operator: TestApp): Promise<number> {
  const [row] = await operator.rows<{ n: number | string }>('SELECT COUNT(*) AS n FROM operator_outbox');
  return Number(row!.n);
}

describe('Feedback to Switch', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;
  beforeEach(async () => {
    upstream = await FakeSwitch.start();
  });
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await operator.close();
    await upstream.stop();
    for (const clean of cleanups.splice(0)) await clean();
  });

  const start = async (env: TestEnv = {}) => {
    operator = await createTestApp({ SWITCH_URL: upstream.url, SWITCH_TIMEOUT_MS: '300', ...env });
  };
  const heard = () => upstream.calls.filter(({ path }) => path === RECORD).map(({ body }) => body);
  const isHeard = (count: number) => until(() => heard().length >= count);
  const metric = async (name: string) => {
    const text = await operator.app.get(Metrics, { strict: false }).exposition();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  };

  it('says after each turn which engine answered, how fast and with how many tokens', async () => {
    await start();
    const { body: first } = await operator.chat({ message: 'hello' }).expect(200);
    upstream.chat = answers.revisionA;
    const { body: second } = await operator.chat({ message: 'hola' }).expect(200);
    await isHeard(2);
    expect(heard()).toEqual([
      { engine: 'general-7b', success: true, latency_ms: first.latency_ms, tokens: 7 },
      { engine: 'cli', success: true, latency_ms: second.latency_ms },
    ]);
    await until(async () => (await waiting(operator)) === 0);
    expect(await metric('operator_outbox_delivered_total')).toBe(2);
  });

  it.each([
    ['an error under 200', answers.errorWith200, 502, { engine: 'fallback', error: 'switch_bad_reply' }],
    ['an empty text', answers.emptyText, 502, { engine: 'manifestator', error: 'switch_bad_reply' }],
    ['a fault of the router itself', answers.plain500, 502, { engine: 'switch', error: 'switch_error' }],
    ['silence', answers.hang, 504, { engine: 'switch', error: 'switch_timeout' }],
  ])('says of a turn that ended in %s that it failed', async (_name, answer, status, said) => {
    await start();
    upstream.chat = answer;
    await operator.chat({ message: 'hello' }).expect(status);
    await isHeard(1);
    expect(heard()).toEqual([{ ...said, success: false, latency_ms: expect.any(Number) }]);
  });

  it('says nothing of turns for which Switch was not asked', async () => {
    await start({ BREAKER_FAILURES: '1', BREAKER_RETRY_MS: '60000' });
    upstream.chat = answers.reset;
    await operator.chat({ message: 'asked' }).expect(503);
    await operator.chat({ message: 'not asked' }).expect(503);
    expect(await waiting(operator)).toBe(1);
  });

  it('keeps what Switch cannot take now, and tells it later, in order', async () => {
    await start();
    upstream.routes[ROUTE] = answers.plain500;
    await operator.chat({ message: 'one' }).expect(200);
    await isHeard(1);
    await operator.post('/operator/switch/feedback', { engine: 'two', success: true, latency_ms: 2 }).expect(202);
    expect(await waiting(operator)).toBe(2);
    delete upstream.routes[ROUTE];
    upstream.routes[ROUTE] = answers.json(200, '{"status":"ok","engine":"general-7b","recorded":true}');
    await isHeard(3);
    expect(heard().map(({ engine }) => engine)).toEqual(['general-7b', 'general-7b', 'two']);
    await until(async () => (await waiting(operator)) === 0);
  });

  it('asks a Switch that does not know the call no further', async () => {
    await start();
    delete upstream.routes[ROUTE];
    for (const message of ['one', 'two', 'three']) {
      await operator.chat({ message }).expect(200);
      await isHeard(1);
    }
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(heard()).toHaveLength(1);
    expect(await waiting(operator)).toBe(3);
    const [row] = await operator.rows<{ at: string | Date }>('SELECT MAX(next_attempt_at) AS at FROM operator_outbox');
    const at = row!.at instanceof Date ? row!.at : new Date(`${row!.at}Z`);
    expect(at.getTime()).toBeGreaterThan(Date.now() + 59 * 60_000);
  });

  it('gives up on what Switch will never take, and goes on with the rest', async () => {
    await start();
    upstream.routes[ROUTE] = (call, response) =>
      (call.body.engine === 'odd' ? answers.unprocessable : answers.json(200, '{"status":"ok","recorded":true}'))(
        call,
        response,
      );
    await operator.post('/operator/switch/feedback', { engine: 'odd', success: true, latency_ms: 1 }).expect(202);
    await operator.chat({ message: 'hello' }).expect(200);
    await isHeard(2);
    await until(async () => (await metric('operator_outbox_delivered_total')) === 1);
    expect(await metric('operator_outbox_dropped_total\\{reason="refused"\\}')).toBe(1);
    expect(await waiting(operator)).toBe(0);
  });

  it.each(['not json', 'null', '[]', '"text"', '{}', '{"engine":5,"success":true,"latencyMs":1}'])(
    'passes over a row that says %s, and goes on with the rest',
    async (payload) => {
      await start();
      await operator.rows(
        `INSERT INTO operator_outbox (topic, payload, attempts, next_attempt_at, created_at)
         VALUES ('switch.feedback', '${payload}', 0, '2026-11-23 00:00:00.000000', '2026-11-23 00:00:00.000000')`,
      );
      await operator.chat({ message: 'hello' }).expect(200);
      await isHeard(1);
      await until(async () => (await metric('operator_outbox_dropped_total\\{reason="refused"\\}')) === 1);
      await until(async () => (await waiting(operator)) === 0);
      expect(heard()).toEqual([expect.objectContaining({ engine: 'general-7b', success: true })]);
    },
  );

  it('cannot slow a chat, fail it, or have Switch left alone', async () => {
    await start({ BREAKER_FAILURES: '1' });
    upstream.routes[ROUTE] = answers.hang;
    for (let i = 0; i < 30; i++) {
      const startedAt = performance.now();
      await operator.chat({ message: `${i}` }).expect(200);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(heard().length).toBeGreaterThan(0);
  });

  it('survives a restart', async () => {
    const database = await createTestDatabase();
    const dataDir = mkdtempSync(join(tmpdir(), 'operator-test-'));
    cleanups.push(
      () => database.drop(),
      async () => rmSync(dataDir, { recursive: true }),
    );
    const env = { DATA_DIR: dataDir, DATABASE_URL: database.url };
    upstream.routes[ROUTE] = answers.plain500;
    await start(env);
    await operator.chat({ message: 'hello' }).expect(200);
    await operator.close();
    upstream.routes[ROUTE] = answers.json(200, '{"status":"ok","recorded":true}');
    const before = heard().length;
    await start(env);
    await isHeard(before + 1);
    expect(heard().at(-1)).toMatchObject({ engine: 'general-7b', success: true });
    await until(async () => (await waiting(operator)) === 0);
  });

  it('keeps no more than it may: the oldest goes, and is counted', async () => {
    await start({ OUTBOX_MAX: '10000' });
    upstream.routes[ROUTE] = answers.hang;
    await operator.post('/operator/switch/feedback', { engine: 'first', success: true, latency_ms: 1 }).expect(202);
    await isHeard(1);
    await operator.rows(
      `INSERT INTO operator_outbox (topic, payload, attempts, next_attempt_at, created_at)
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
       SELECT 'switch.feedback', '{"engine":"old","success":true,"latencyMs":1}', 0,
         '2126-01-01 00:00:00.000000', '2026-11-23 00:00:00.000000' FROM n`,
    );
    // The courier looks how full it is when the call that hangs has run out of time.
    await until(async () => (await metric('operator_outbox_entries')) === 10_000, 10_000);
    for (let i = 0; i < 20; i++) await operator.chat({ message: `${i}` }).expect(200);
    // The first of them made room for a hundredth of the outbox.
    expect(await waiting(operator)).toBe(9_919);
    expect(await metric('operator_outbox_entries')).toBe(9_919);
    expect(await metric('operator_outbox_dropped_total\\{reason="full"\\}')).toBe(101);
    const [row] = await operator.rows<{ payload: string }>('SELECT payload FROM operator_outbox ORDER BY id LIMIT 1');
    expect(JSON.parse(row!.payload).engine).toBe('old');
  });

  it('can be switched off, but for what clients have to say', async () => {
    await start({ SWITCH_FEEDBACK: 'false' });
    await operator.chat({ message: 'hello' }).expect(200);
    expect(await waiting(operator)).toBe(0);
    await operator.post('/operator/switch/feedback', { engine: 'e', success: false, latency_ms: 3 }).expect(202);
    await isHeard(1);
    expect(heard()).toEqual([{ engine: 'e', success: false, latency_ms: 3 }]);
  });
});

describe('POST /operator/switch/feedback', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;
  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    operator = await createTestApp({ SWITCH_URL: upstream.url });
  });
  afterAll(async () => {
    await operator.close();
    await upstream.stop();
  });

  const said = { engine: 'general-7b', success: false, latency_ms: 812, tokens: 57, error: 'It was cut short.' };

  it('accepts and delivers what a client has to say', async () => {
    const { body } = await operator.post('/operator/switch/feedback', said).expect(202);
    expect(body).toEqual({ status: 'accepted', reason: null });
    await until(() => upstream.calls.some(({ path }) => path === RECORD));
    expect(upstream.calls.find(({ path }) => path === RECORD)!.body).toEqual(said);
    await until(async () => (await waiting(operator)) === 0);
  });

  it.each([
    [{ engine: undefined }, 'engine'],
    [{ engine: ' ' }, 'engine'],
    [{ engine: 'x'.repeat(129) }, 'engine'],
    [{ engine: 'a\0b' }, 'engine'],
    [{ success: 'yes' }, 'success'],
    [{ success: null }, 'success'],
    [{ latency_ms: -1 }, 'latency_ms'],
    [{ latency_ms: '12' }, 'latency_ms'],
    [{ latency_ms: 1e12 }, 'latency_ms'],
    [{ tokens: -1 }, 'tokens'],
    [{ tokens: 1.5 }, 'tokens'],
    [{ error: 5 }, 'error'],
    [{ error: 'x'.repeat(1_001) }, 'error'],
  ])('refuses what is not valid, %#', async (change, field) => {
    const answer = await operator.post('/operator/switch/feedback', { ...said, ...change });
    expectProblem(answer, {
      status: 422,
      error: 'validation_failed',
      instance: '/operator/switch/feedback',
      fields: [field],
    });
    expect(await waiting(operator)).toBe(0);
  });

  it('says so when the engine has no use for it', async () => {
    const embedded = await createTestApp();
    const { body } = await embedded.post('/operator/switch/feedback', said).expect(202);
    expect(body).toEqual({ status: 'discarded', reason: expect.stringContaining('embedded') });
    await embedded.chat({ message: '/help' }).expect(200);
    expect(await waiting(embedded)).toBe(0);
    await embedded.close();
  });
});
