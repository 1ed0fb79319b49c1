import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { isPostgres } from '../support/database';
import { rawRequest } from '../support/raw-request';
import { type TestApp, type TestEnv, createTestApp } from '../support/test-app';

/** Throws everybody out of the PostgreSQL database, and lets nobody in. */
async function loseDatabase(operator: TestApp): Promise<void> {
  const { options } = operator.app.get(DataSource);
  const url = new URL((options as { url: string }).url);
  const name = url.pathname.slice(1);
  url.pathname = '/postgres';
  const client = new Client({ connectionString: url.href });
  await client.connect();
  await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  await client.end();
}

describe('Health', () => {
  let upstream: FakeSwitch;
  let operator: TestApp | undefined;

  beforeEach(async () => {
    upstream = await FakeSwitch.start();
  });
  afterEach(async () => {
    await operator?.close();
    await upstream.stop();
  });

  const start = async (env: TestEnv = {}) => (operator = await createTestApp({ SWITCH_URL: upstream.url, ...env }));
  /** Without a token, as probes ask. */
  const probe = (path: string) => rawRequest(operator!.url, { path });

  it('says who it is exactly as the original did, and asks nobody', async () => {
    await start();
    const { status, text, headers } = await probe('/health');

    expect(status).toBe(200);
    expect(text).toBe('{"status":"ok","module":"operator","version":"7.0"}');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(upstream.calls).toEqual([]);
  });

  it('says that it is alive, and asks nobody', async () => {
    await start();
    const { status, body } = await probe('/health/live');

    expect([status, body]).toEqual([200, { status: 'ok' }]);
    expect(upstream.calls).toEqual([]);
  });

  it('says that it is ready, and what that rests on', async () => {
    await start();
    const { status, body } = await probe('/health/ready');

    const details = {
      process: { status: 'up' },
      database: { status: 'up', latency_ms: expect.any(Number) },
      migrations: { status: 'up' },
      disk: { status: 'up', free_mb: expect.any(Number) },
      switch: { status: 'up', engine: 'vx11', detail: 'Switch answers.' },
      upstreams: { status: 'up', switch: 'closed' },
      browser: { status: 'up', engine: 'playwright', running: 0 },
    };
    expect(body).toEqual({ status: 'ok', info: details, error: {}, details });
    expect(status).toBe(200);
    expect(upstream.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /health']);
  });

  it('is ready with the embedded engine, which is always there', async () => {
    await start({ SWITCH_URL: undefined });
    const { status, body } = await probe('/health/ready');

    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', details: { switch: { status: 'up', engine: 'embedded' } } });
  });

  it.each([
    ['is down', () => upstream.stop(), 'Switch cannot be reached.'],
    ['hangs', async () => void (upstream.routes['GET /health'] = answers.hang), 'Switch did not answer in time.'],
    [
      'answers 500',
      async () => void (upstream.routes['GET /health'] = answers.plain500),
      'Switch answered with status 500.',
    ],
    [
      'refuses the token',
      async () => void (upstream.routes['GET /health'] = answers.unauthorized),
      'Switch does not accept the token Operator presents. Check SWITCH_TOKEN.',
    ],
    [
      'is still initializing',
      async () =>
        void (upstream.routes['GET /health'] = answers.json(200, '{"status":"initializing","module":"switch"}')),
      'Switch answers, but not that it is well.',
    ],
  ])('is degraded, and ready all the same, when Switch %s', async (_, fallSick, detail) => {
    await start();
    await fallSick();
    const { status, body } = await probe('/health/ready');

    const sick = { status: 'degraded', engine: 'vx11', detail };
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'degraded',
      error: {},
      details: { database: { status: 'up' }, switch: sick },
    });
  });

  it.each(['ok', 'healthy', 'operational'])('takes “%s” for well, as each revision says it', async (word) => {
    upstream.routes['GET /health'] = answers.json(200, { status: word, module: 'switch' });
    await start();
    expect((await probe('/health/ready')).body).toMatchObject({ status: 'ok' });
  });

  it('asks Switch once for many probes', async () => {
    await start();
    await Promise.all(Array.from({ length: 20 }, () => probe('/health/ready')));
    expect(upstream.calls).toHaveLength(1);
  });

  it('is not ready when little disk space is left, and says so in the words of a probe', async () => {
    await start({ DISK_MIN_FREE_MB: '1000000' });
    const { status, body, headers } = await probe('/health/ready');

    const disk = { status: 'down', message: 'Little space is left.', free_mb: expect.any(Number) };
    expect(status).toBe(503);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(body).toMatchObject({ status: 'error', error: { disk }, details: { disk, database: { status: 'up' } } });
    expect((body as { info: object }).info).not.toHaveProperty('disk');
    expect((await probe('/health/live')).status).toBe(200);
  });

  it('is not ready when the schema is not what this code was written for', async () => {
    await start();
    await operator!.rows('DELETE FROM operator_migration');
    const { status, body } = await probe('/health/ready');

    const migrations = { status: 'down', message: 'The schema is not up to date: npm run migration:run' };
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: 'error', error: { migrations } });
  });

  (isPostgres ? it : it.skip)('is not ready when the database does not answer, and alive all the same', async () => {
    await start();
    await loseDatabase(operator!);
    const { status, body, text } = await probe('/health/ready');

    const message = 'The database does not answer.';
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: 'error', error: { database: { status: 'down', message } } });
    expect(text).not.toMatch(/postgres|SELECT|ECONN|terminat/i);
    expect((await probe('/health/live')).status).toBe(200);
  });
});
