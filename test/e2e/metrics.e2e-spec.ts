import { request as open } from 'node:http';
import { Metrics } from '../../src/common/metrics/metrics.service';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { expectProblem } from '../support/problem';
import { rawRequest } from '../support/raw-request';
import { repository } from '../support/repository';
import { AUTH, type TestApp, type TestEnv, createTestApp } from '../support/test-app';
import { until } from '../support/until';

type Series = Record<string, number>;

describe('Metrics', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;
  beforeEach(async () => void (upstream = await FakeSwitch.start()));
  afterEach(async () => {
    await operator.close();
    await upstream.stop();
  });

  const start = async (env: TestEnv = {}) =>
    (operator = await createTestApp({ SWITCH_URL: upstream.url, METRICS: 'open', ...env }));
  const scrape = (headers = {}) => rawRequest(operator.url, { path: '/metrics', headers });
  /** Every series of one name, by its labels: `{part="wait"}` → 2. */
  async function series(name: string): Promise<Series> {
    const { text } = await scrape();
    const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return Object.fromEntries(
      lines.map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(name.length, at), Number(line.slice(at + 1))];
      }),
    );
  }

  describe('are shown', () => {
    it('to everybody, in the form of Prometheus, where they are open', async () => {
      await start();
      const { status, headers, text } = await scrape();
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(text).toMatch(/^# HELP process_cpu_user_seconds_total /m);
    });

    it('to those with a token, where they want one', async () => {
      await start({ METRICS: 'token' });
      const refused = await scrape();
      expectProblem(refused, { status: 401, error: 'auth_required', instance: '/metrics' });
      expect(refused.headers['www-authenticate']).toBe('Bearer realm="operator"');
      const wrong = await scrape({ 'X-VX11-Token': 'wrong' });
      expectProblem(wrong, { status: 403, error: 'forbidden', instance: '/metrics' });
      expect((await scrape(AUTH)).status).toBe(200);
      expect((await scrape({ Authorization: `Bearer ${AUTH['X-VX11-Token']}` })).status).toBe(200);
    });

    it('to nobody, where they are off, and then none are taken', async () => {
      await start({ METRICS: 'off' });
      expectProblem(await scrape(), { status: 404, error: 'not_found', instance: '/metrics' });
      expectProblem(await scrape(AUTH), { status: 404, error: 'not_found', instance: '/metrics' });
      expect((await operator.chat({ message: 'hi' })).status).toBe(200);
      expect(await operator.app.get(Metrics).exposition()).toBe('\n');
    });
  });

  it('count turns by outcome, engine and error', async () => {
    await start();
    upstream.chat = answers.revisionH;
    const idempotent = { 'Idempotency-Key': 'again' };
    await operator.chat({ message: 'one' });
    await operator.chat({ message: 'two' }, idempotent);
    await operator.chat({ message: 'two' }, idempotent);
    upstream.chat = answers.revisionA;
    await operator.chat({ message: 'three' });
    upstream.chat = answers.plain500;
    await operator.chat({ message: 'four' });
    upstream.chat = answers.html;
    await operator.chat({ message: 'five' });
    await operator.chat({ message: 'six' }, idempotent);
    await operator.chat({ message: '' });

    expect(await series('operator_turns_total')).toEqual({
      '{outcome="succeeded",engine="general-7b",error=""}': 2,
      '{outcome="succeeded",engine="cli",error=""}': 1,
      '{outcome="replayed",engine="general-7b",error=""}': 1,
      '{outcome="failed",engine="vx11",error="switch_error"}': 1,
      '{outcome="failed",engine="vx11",error="switch_bad_reply"}': 1,
      '{outcome="refused",engine="vx11",error="idempotency_key_reused"}': 1,
    });
    expect(await series('operator_turn_duration_seconds_count')).toEqual({
      '{part="operator"}': 5,
      '{part="upstream"}': 5,
      '{part="waiting"}': 5,
    });
  });

  it('tell Operator’s own time from the engine’s, and from that of earlier turns', async () => {
    await start();
    upstream.chat = answers.after(300, answers.echo);
    const [first, second] = await Promise.all([
      operator.chat({ message: 'first', session_id: 's' }).then(),
      operator.chat({ message: 'second', session_id: 's' }).then(),
    ]);
    for (const { headers } of [first!, second!]) {
      expect(headers['x-operator-overhead-ms']).toMatch(/^\d+\.\d$/);
      expect(Number(headers['x-operator-overhead-ms'])).toBeLessThan(150);
    }
    const {
      '{part="operator"}': own,
      '{part="upstream"}': engine,
      '{part="waiting"}': waiting,
    } = await series('operator_turn_duration_seconds_sum');
    expect(own).toBeLessThan(0.3);
    expect(engine).toBeGreaterThan(0.59);
    expect(engine).toBeLessThan(0.9);
    expect(waiting).toBeGreaterThan(0.25);
    expect(waiting).toBeLessThan(0.6);
    const total = await series('operator_http_request_duration_seconds_sum');
    expect(own! + engine! + waiting!).toBeLessThanOrEqual(
      total['{route="/operator/chat",method="POST",status="2xx"}']!,
    );
  });

  it('say on failures, too, how much of the time was Operator’s', async () => {
    await start({ SWITCH_TIMEOUT_MS: '200' });
    upstream.chat = answers.hang;
    const { status, headers } = await operator.chat({ message: 'hi' });
    expect(status).toBe(504);
    expect(headers['x-operator-overhead-ms']).toMatch(/^\d+\.\d$/);
    expect(Number(headers['x-operator-overhead-ms'])).toBeLessThan(150);
    const refused = await operator.chat({ message: 'x'.repeat(40_000) });
    expect(refused.status).toBe(413);
    expect(refused.headers['x-operator-overhead-ms']).toMatch(/^\d+\.\d$/);
  });

  it('measure requests by route, method and class of the status, whatever is asked for', async () => {
    await start();
    await operator.chat({ message: 'hi', session_id: 'one' });
    await operator.get('/operator/session/one');
    await operator.get('/operator/session/two');
    for (let n = 0; n < 20; n++) await operator.get(`/nowhere/${n}`);
    await rawRequest(operator.url, { method: 'PROPFIND', path: '/operator/sessions', headers: AUTH });
    await rawRequest(operator.url, { path: '/operator/sessions' });
    const count = () => series('operator_http_request_duration_seconds_count');
    await until(async () => (await count())['{route="/operator/sessions",method="GET",status="4xx"}'] === 1);
    const { '{route="/metrics",method="GET",status="2xx"}': scrapes, ...others } = await count();
    expect(scrapes).toBeGreaterThan(0);
    expect(others).toEqual({
      '{route="/operator/chat",method="POST",status="2xx"}': 1,
      '{route="/operator/session/:session_id",method="GET",status="2xx"}': 1,
      '{route="/operator/session/:session_id",method="GET",status="4xx"}': 1,
      '{route="none",method="GET",status="4xx"}': 20,
      '{route="none",method="other",status="4xx"}': 1,
      '{route="/operator/sessions",method="GET",status="4xx"}': 1,
    });
  });

  it('count clients who left before they had an answer', async () => {
    await start();
    upstream.chat = answers.after(200, answers.echo);
    const { hostname, port } = new URL(operator.url);
    const headers = { ...AUTH, 'Content-Type': 'application/json' };
    const request = open({ hostname, port, method: 'POST', path: '/operator/chat', headers, agent: false });
    request.once('error', () => undefined).end('{"message":"hi"}');
    await until(() => upstream.chats.length === 1);
    request.destroy();
    await until(async () => {
      const counts = await series('operator_http_request_duration_seconds_count');
      return counts['{route="/operator/chat",method="POST",status="none"}'] === 1;
    });
  });

  it('keep the engines they tell apart few, however many names Switch thinks of', async () => {
    await start();
    for (let n = 0; n < 40; n++) {
      upstream.chat = answers.json(200, { status: 'ok', content: 'hola', engine_used: `engine-${n}` });
      await operator.chat({ message: 'hi' });
    }
    const turns = await series('operator_turns_total');
    expect(Object.keys(turns)).toHaveLength(33);
    expect(turns['{outcome="succeeded",engine="other",error=""}']).toBe(8);
  });

  it('show upstream calls, and when an upstream is left alone', async () => {
    await start({ BREAKER_FAILURES: '2', BREAKER_RETRY_MS: '60000' });
    await operator.chat({ message: 'hi' });
    expect(await series('operator_upstream_circuit_open')).toEqual({ '{upstream="switch"}': 0 });
    await upstream.stop();
    for (let n = 0; n < 3; n++) await operator.chat({ message: 'hi' });
    expect(await series('operator_upstream_circuit_open')).toEqual({ '{upstream="switch"}': 1 });
    expect(await series('operator_upstream_request_duration_seconds_count')).toEqual({
      '{upstream="switch",outcome="2xx"}': 1,
      '{upstream="switch",outcome="unreachable"}': 2,
      '{upstream="switch",outcome="circuit-open"}': 1,
    });
    await upstream.listen();
  });

  it('measure the database: each unit of work in three parts, and reads', async () => {
    await start();
    const before = await series('operator_database_unit_of_work_duration_seconds_count');
    const reads = await series('operator_database_read_duration_seconds_count');
    await operator.chat({ message: 'hi', session_id: 's' });
    await operator.get('/operator/session/s');
    const after = await series('operator_database_unit_of_work_duration_seconds_count');
    for (const part of ['wait', 'work', 'commit']) {
      expect(after[`{part="${part}"}`]! - (before[`{part="${part}"}`] ?? 0)).toBeGreaterThanOrEqual(2);
    }
    const readsAfter = await series('operator_database_read_duration_seconds_count');
    expect(readsAfter['']!).toBeGreaterThan(reads[''] ?? 0);
  });

  it('notice when something blocks the event loop', async () => {
    await start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await scrape();
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const from = Date.now(); Date.now() < from + 300;);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const delay = await series('operator_event_loop_delay_seconds');
    expect(delay['{stat="max"}']).toBeGreaterThan(0.2);
    expect(delay['{stat="max"}']).toBeLessThan(0.6);
    expect(delay['{stat="p50"}']).toBeLessThan(0.1);
  });

  it('are all in docs/metrics.md, with their types and labels', async () => {
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    const { registry } = operator.app.get<any>(Metrics);
    const { text } = await scrape();
    const types = new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]));
    const taken = registry.getMetricsAsArray().map(({ name, labelNames }: { name: string; labelNames: string[] }) => ({
      name,
      type: types.get(name),
      labels: labelNames.filter((label) => label !== 'le'),
    }));
    const listed = [...repository.read('docs/metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) ?\| /gm)].map(
      ([, name, type, labels]) => ({ name, type, labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label) }),
    );
    const byName = (a: { name?: string }, b: { name?: string }) => (a.name! < b.name! ? -1 : 1);
    expect(listed.sort(byName)).toEqual(taken.sort(byName));
  });
});
