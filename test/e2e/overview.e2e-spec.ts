import { request } from 'node:http';
import { type Answer, json } from '../fakes/fake-upstream';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { type FakeSystem, guarded, health, shub, startSystem, tentaculo } from '../fakes/vx11';
import { AUTH, type TestApp, type TestEnv, createTestApp } from '../support/test-app';
import { until } from '../support/until';

const TIMEOUT_MS = 500;
/** For the way there and back, on a busy machine. */
const SLACK_MS = 500;
const TEN = [
  'tentaculo_link',
  'madre',
  'switch',
  'hermes',
  'hormiguero',
  'manifestator',
  'mcp',
  'shub',
  'spawner',
  'operator',
];
/** Anything but reading health and maps would change something, or show what must not be shown. */
const ALLOWED = ['GET /health', 'GET /vx11/overview', 'GET /vx11/status'];

describe('GET /operator/vx11/overview', () => {
  let system: FakeSystem;
  let operator: TestApp;

  /** Nothing is kept between requests, so that each test sees its own answer. */
  const start = async (names?: string[], env: TestEnv = {}) => {
    system = await startSystem(names);
    operator = await createTestApp({
      ...system.env,
      ENGINE: 'embedded',
      OVERVIEW_TIMEOUT_MS: `${TIMEOUT_MS}`,
      OVERVIEW_TTL_MS: '0',
      VX11_TENTACULO_LINK_TOKEN: 'link-token',
      ...env,
    });
  };
  afterEach(async () => {
    const asked = Object.values(system.fakes).flatMap((fake) => fake.asked);
    await operator.close();
    await system.stop();
    expect(asked.filter((call) => !ALLOWED.includes(call))).toEqual([]);
  });

  const overview = async () => {
    const startedAt = performance.now();
    const { body } = await operator.get('/operator/vx11/overview').expect(200);
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    return body;
  };
  const link = () => system.fakes.tentaculo_link!;

  describe('with every module configured', () => {
    beforeEach(() => start());

    it('asks each of them, and shows how it is', async () => {
      const body = await overview();
      expect(Object.keys(body.modules)).toEqual(TEN);
      expect(body).toMatchObject({ status: 'ok', healthy_modules: 10, total_modules: 10, stale: false });
      expect(body.modules.madre).toEqual({
        status: 'ok',
        reported: 'ok',
        version: 'v2',
        latency_ms: expect.any(Number),
        checked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        error: null,
        source: 'direct',
        circuit: 'closed',
      });
      expect(body.modules.shub).toMatchObject({ status: 'ok', reported: 'healthy', version: '7.0' });
      expect(body.modules.hermes).toMatchObject({ status: 'ok', reported: 'operational' });
      expect(body.modules.operator).toMatchObject({ status: 'ok', version: '7.0', source: 'self', circuit: null });
      expect(Math.abs(Date.parse(body.as_of) - Date.now())).toBeLessThan(5_000);
      expect(body.sources).toContainEqual({
        name: 'tentaculo_link',
        path: '/vx11/overview',
        status: 'ok',
        latency_ms: expect.any(Number),
        error: null,
      });
    });

    it('asks Tentáculo’s status only when its overview is of no use', async () => {
      await overview();
      expect(link().asked.sort()).toEqual(['GET /health', 'GET /vx11/overview']);
    });

    it('believes a module itself before Tentáculo', async () => {
      // Its map says that Madre is dead and Switch is well.
      system.fakes.switch!.routes['GET /health'] = json(200, '{"status":"error","error":"no model"}');
      const { modules } = await overview();
      expect(modules.madre).toMatchObject({ status: 'ok', source: 'direct' });
      expect(modules.switch).toMatchObject({ status: 'down', error: 'no model', source: 'direct' });
    });

    it.each([
      ['initializing', 'degraded'],
      ['degraded', 'degraded'],
      ['some new word', 'degraded'],
      ['error', 'down'],
      ['OK', 'ok'],
      [' Healthy ', 'ok'],
      ['operational', 'ok'],
    ])('takes “%s” for %s', async (word, status) => {
      system.fakes.mcp!.routes['GET /health'] = json(200, { status: word });
      const body = await overview();
      expect(body.modules.mcp.status).toBe(status);
      expect(body).toMatchObject(
        status === 'ok' ? { status: 'ok', healthy_modules: 10 } : { status: 'degraded', healthy_modules: 9 },
      );
    });

    it.each<[string, Answer, object]>([
      ['hangs', answers.hang, { status: 'down', error: 'timeout' }],
      ['drips', answers.drip, { status: 'down', error: 'timeout' }],
      ['resets connections', answers.reset, { status: 'down', error: 'unreachable' }],
      ['breaks off', answers.breakOff, { status: 'down', error: 'unreachable' }],
      ['is slow', answers.after(150, health.madre!), { status: 'ok', error: null }],
      ['refuses the token as most do', answers.unauthorized, { status: 'unknown', error: 'token refused (401)' }],
      ['refuses the token as Tentáculo does', answers.forbidden, { status: 'unknown', error: 'token refused (403)' }],
      ['answers HTML', answers.html, { status: 'unknown', error: 'answered HTML, not JSON' }],
      ['answers a list', answers.list, { status: 'unknown', error: 'answered a list, not a JSON object' }],
      ['answers null', answers.null, { status: 'unknown', error: 'answered null, not a JSON object' }],
      ['answers a number', answers.number, { status: 'unknown', error: 'answered a number, not a JSON object' }],
      ['answers text', answers.raw(200, 'text/plain', 'fine'), { status: 'unknown', error: 'did not answer JSON' }],
      ['answers 2 MiB', json(200, { status: 'ok', x: 'x'.repeat(2 << 20) }), { status: 'unknown', error: 'too large' }],
      ['redirects', answers.redirect, { status: 'unknown', error: 'redirect (302)' }],
      ['fails', answers.plain500, { status: 'down', error: 'answered 500' }],
      ['is not to be found', json(404, '{}'), { status: 'unknown', error: 'answered 404' }],
      ['leaves its status out', json(200, '{}'), { status: 'unknown', error: 'answered without a status' }],
      [
        'has a status that is none',
        json(200, { status: 7 }),
        { status: 'unknown', error: 'answered without a status' },
      ],
    ])('says what is wrong with a module that %s', async (_, answer, expected) => {
      // Nothing in Tentáculo's map says better.
      system.fakes.spawner!.sickness = answer;
      const body = await overview();
      const isWell = (expected as { status: string }).status === 'ok';
      expect(body.modules.spawner).toMatchObject({ ...expected, source: 'direct' });
      expect(body).toMatchObject({ total_modules: 10, healthy_modules: isWell ? 10 : 9 });
      expect(body.status).toBe(isWell ? 'ok' : 'degraded');
      // The answer came, in those cases; it only said nothing of use.
      const isRead = isWell || (expected as { error: string }).error === 'answered without a status';
      const source = body.sources.find(({ name }: any) => name === 'spawner');
      expect([source.status, source.error]).toEqual(
        isRead ? ['ok', null] : ['failed', (expected as { error: string }).error],
      );
    });

    it('says that a module is down whose port nobody listens on', async () => {
      await system.fakes.mcp!.stop();
      expect((await overview()).modules.mcp).toMatchObject({ status: 'down', error: 'unreachable' });
      await system.fakes.mcp!.listen();
    });

    it('is down when all around Operator is', async () => {
      for (const fake of Object.values(system.fakes)) fake.sickness = answers.reset;
      expect(await overview()).toMatchObject({ status: 'down', healthy_modules: 1, total_modules: 10 });
    });

    it('is unknown when nothing can be told', async () => {
      for (const fake of Object.values(system.fakes)) fake.sickness = answers.html;
      expect(await overview()).toMatchObject({ status: 'unknown', healthy_modules: 1, total_modules: 10 });
    });

    it('answers in time while everything hangs', async () => {
      for (const fake of Object.values(system.fakes)) fake.sickness = answers.hang;
      expect(await overview()).toMatchObject({ status: 'down', healthy_modules: 1 });
    });
  });

  describe('with Tentáculo alone', () => {
    const NO_MAP = { source: null, checked_at: null };
    beforeEach(() => start(['tentaculo_link']));

    it('shows what revision A of it says, counted anew', async () => {
      const { modules, ...body } = await overview();
      expect(Object.keys(modules)).toEqual(TEN);
      expect(modules.tentaculo_link).toMatchObject({ status: 'ok', source: 'direct' });
      expect(modules.madre).toMatchObject({
        status: 'down',
        reported: 'error',
        error: 'All connection attempts failed',
        latency_ms: null,
        source: 'tentaculo_link',
        circuit: null,
      });
      expect(modules.shub).toMatchObject({ status: 'ok', reported: 'healthy', version: '7.0' });
      expect(modules.operator).toMatchObject({ status: 'ok', source: 'self' });
      expect(modules.manifestator).toEqual({
        status: 'not_configured',
        reported: null,
        version: null,
        latency_ms: null,
        checked_at: null,
        error: null,
        source: null,
        circuit: null,
      });
      // Those two, Switch, Shub and Operator itself; Madre is the sick one.
      expect(body).toMatchObject({ status: 'degraded', healthy_modules: 4, total_modules: 5 });
    });

    it('shows what revision H of it says, under the names of the seed', async () => {
      link().routes['GET /vx11/overview'] = tentaculo.overview(tentaculo.MAP_H);
      const { modules, ...body } = await overview();
      expect(Object.keys(modules)).toEqual(TEN);
      expect(modules.switch).toMatchObject({ status: 'down', reported: 'service_offline', error: 'circuit_open' });
      expect(modules.shub).toMatchObject({ status: 'degraded', error: 'says that it is initializing' });
      expect(modules.madre).toMatchObject({ status: 'ok', version: 'v2' });
      expect(body).toMatchObject({ status: 'degraded', healthy_modules: 3, total_modules: 5 });
    });

    it.each<[string, Answer]>([
      ['is missing', json(404, '{"detail":"Not Found"}')],
      ['has no map', json(200, '{"status":"ok","gateway":"tentaculo_link"}')],
      ['has an empty map', tentaculo.overview('{}')],
      ['has a list for a map', tentaculo.overview('["madre"]')],
      ['wants another token', guarded('another', tentaculo.overview(tentaculo.MAP_A))],
      ['answers HTML', answers.html],
      ['hangs', answers.hang],
    ])('takes revision A’s status when the overview %s', async (_, answer) => {
      link().routes['GET /vx11/overview'] = answer;
      const { modules, sources } = await overview();
      expect(modules.madre).toMatchObject({ status: 'down', error: 'All connection attempts failed' });
      expect(modules.shub).toMatchObject({ status: 'ok', source: 'tentaculo_link' });
      const asked = sources.map(({ path, status }: any) => `${path} ${status}`);
      // One that hangs is given up as soon as the other has answered, and is not said to have failed.
      expect(asked).toEqual([
        ...(answer === answers.hang ? [] : ['/vx11/overview failed']),
        '/vx11/status ok',
        '/health ok',
      ]);
    });

    it('takes what revision H’s status says when there is no map at all', async () => {
      link().routes['GET /vx11/overview'] = answers.html;
      link().routes['GET /vx11/status'] = tentaculo.statusH;
      const { modules, ...body } = await overview();
      expect(modules.madre).toMatchObject({ status: 'ok', source: 'tentaculo_link' });
      expect(modules.spawner).toMatchObject({ status: 'down', reported: 'unavailable' });
      expect(modules.hermes).toMatchObject({ status: 'not_configured' });
      expect(body).toMatchObject({ status: 'degraded', healthy_modules: 4, total_modules: 5 });
    });

    it.each<[string, Answer, string]>([
      ['hangs', answers.hang, 'timeout'],
      ['refuses the token', answers.forbidden, 'token refused (403)'],
      ['answers a list', answers.list, 'answered a list, not a JSON object'],
      ['redirects', answers.redirect, 'redirect (302)'],
      ['answers 2 MiB', json(200, { modules_health: { madre: 'x'.repeat(2 << 20) } }), 'too large'],
    ])('does not know how modules are when it %s', async (_, answer, reason) => {
      link().sickness = answer;
      const { modules, sources, ...body } = await overview();
      expect(Object.keys(modules)).toEqual(TEN);
      expect(modules.madre).toMatchObject({ status: 'unknown', error: `tentaculo_link: ${reason}`, ...NO_MAP });
      expect(body).toMatchObject({ healthy_modules: 1, total_modules: 2 });
      expect(body.status).toBe(reason === 'timeout' ? 'down' : 'unknown');
      expect(sources.map(({ path, status, error }: any) => [path, status, error])).toEqual([
        ['/vx11/overview', 'failed', reason],
        ['/vx11/status', 'failed', reason],
        ['/health', 'failed', reason],
      ]);
    });

    it('lists modules that nobody knows, so many and no longer than are worth reading', async () => {
      const strange = Object.fromEntries(
        Array.from({ length: 500 }, (_, index) => [`strange-${index}`, { status: 'ok' }]),
      );
      link().routes['GET /vx11/overview'] = json(200, {
        modules_health: {
          ...strange,
          ['n'.repeat(10_000)]: { status: 'ok' },
          madre: { status: 'x'.repeat(10_000), error: 'e'.repeat(10_000), version: `1\0${'v'.repeat(10_000)}` },
          hermes: 'healthy',
          mcp: null,
          spawner: 7,
          shub: { status: ['ok'] },
        },
      });
      const { modules } = await overview();
      const names = Object.keys(modules);
      expect(names.slice(0, 10)).toEqual(TEN);
      expect(names).toHaveLength(50);
      expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(64);
      expect(modules.strange_0).toMatchObject({ status: 'ok', source: 'tentaculo_link' });
      expect(modules.madre.status).toBe('degraded');
      expect(modules.madre.error.length).toBeLessThanOrEqual(120);
      expect(modules.madre.version).not.toContain('\0');
      expect(modules.hermes.status).toBe('ok');
      for (const name of ['mcp', 'spawner', 'shub']) expect(modules[name].status).toBe('unknown');
      expect(JSON.stringify(modules).length).toBeLessThan(64 * 1024);
    });

    it('is not confused by names that mean something to programs', async () => {
      const map =
        '{"__proto__":{"status":"error"},"constructor":{"status":"ok"},"":{"status":"ok"},"madre":{"status":"ok"}}';
      link().routes['GET /vx11/overview'] = tentaculo.overview(map);
      const { modules } = await overview();
      expect(Object.keys(modules)).toEqual([...TEN, '_', '__proto__', 'constructor']);
      expect(modules.madre.status).toBe('ok');
    });

    it('repeats no address, path or token of an error', async () => {
      const error = 'connect to http://madre:8001/health?token=link-token-0123456789 failed';
      link().routes['GET /vx11/overview'] = json(200, { modules_health: { madre: { status: 'error', error } } });
      expect((await overview()).modules.madre.error).toBe('connect to … failed');
    });

    it('presents its token to Tentáculo', async () => {
      for (const path of ['GET /vx11/overview', 'GET /health']) {
        link().routes[path] = guarded('link-token', link().routes[path]!);
      }
      expect((await overview()).modules.shub).toMatchObject({ status: 'ok' });
    });
  });

  it('finds nothing wrong where nothing is configured', async () => {
    await start([]);
    const { modules, ...body } = await overview();
    expect(Object.keys(modules)).toEqual(TEN);
    expect(body).toMatchObject({ status: 'ok', healthy_modules: 1, total_modules: 1, sources: [] });
    for (const name of TEN.slice(0, 9)) expect(modules[name]).toMatchObject({ status: 'not_configured', error: null });
  });

  it('counts those that are configured, and misses no other', async () => {
    await start(['madre', 'shub']);
    system.fakes.shub!.routes['GET /health'] = shub.healthInitializing;
    const { modules, ...body } = await overview();
    expect(body).toMatchObject({ status: 'degraded', healthy_modules: 2, total_modules: 3 });
    expect(modules.tentaculo_link).toMatchObject({ status: 'not_configured' });
  });

  it('presents to each module the token that is meant for it', async () => {
    await start(undefined, { VX11_GATEWAY_TOKEN: 'gateway-token', MANIFESTATOR_TOKEN: 'its-own' });
    await overview();
    const token = (name: string) => system.fakes[name]!.calls[0]!.headers['x-vx11-token'];
    expect([token('shub'), token('manifestator'), token('madre')]).toEqual(['gateway-token', 'its-own', 'link-token']);
  });

  it('shows which modules are left alone', async () => {
    await start(undefined, { BREAKER_FAILURES: '2', BREAKER_RETRY_MS: '60000' });
    system.fakes.mcp!.sickness = answers.reset;
    await overview();
    expect((await overview()).modules.mcp).toMatchObject({ status: 'down', circuit: 'open' });
    const asked = system.fakes.mcp!.calls.length;
    expect((await overview()).modules.mcp).toMatchObject({
      status: 'down',
      error: 'circuit open: it failed several times in a row',
    });
    expect(system.fakes.mcp!.calls).toHaveLength(asked);
  });

  it('makes one round of calls for a hundred requests at once', async () => {
    await start(undefined, { OVERVIEW_TTL_MS: '60000' });
    system.fakes.madre!.routes['GET /health'] = answers.after(300, health.madre!);
    const answered = await Promise.all(Array.from({ length: 100 }, () => operator.get('/operator/vx11/overview')));
    expect(new Set(answered.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    for (const [name, { calls }] of Object.entries(system.fakes)) {
      expect([name, calls.length]).toEqual([name, name === 'tentaculo_link' ? 2 : 1]);
    }
  });

  it('serves a fresh answer again, then a stale one at once while a new one is fetched', async () => {
    await start(undefined, { OVERVIEW_TTL_MS: '150', OVERVIEW_TIMEOUT_MS: '5000' });
    const first = await overview();
    expect(await overview()).toEqual(first);

    system.fakes.madre!.routes['GET /health'] = answers.after(1_500, json(200, { status: 'initializing' }));
    await new Promise((resolve) => setTimeout(resolve, 160));
    const startedAt = performance.now();
    const late = await Promise.all(Array.from({ length: 20 }, () => overview()));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    for (const body of late) expect(body).toEqual({ ...first, stale: true });

    await until(async () => (await overview()).modules.madre.status === 'degraded');
    const fresh = await overview();
    expect(Date.parse(fresh.as_of)).toBeGreaterThan(Date.parse(first.as_of));
  });

  it('goes on with a round whose client has hung up', async () => {
    await start(undefined, { OVERVIEW_TTL_MS: '60000' });
    system.fakes.madre!.routes['GET /health'] = answers.after(200, health.madre!);
    const client = request(`${operator.url}/operator/vx11/overview`, { headers: AUTH }).on('error', () => undefined);
    client.end();
    await until(() => system.fakes.madre!.calls.length === 1);
    client.destroy();
    const body = await overview();
    expect(body.modules.madre).toMatchObject({ status: 'ok' });
    expect(system.fakes.madre!.calls).toHaveLength(1);
  });

  it('does not let a hanging Tentáculo delay a chat', async () => {
    await start(undefined, { OVERVIEW_TIMEOUT_MS: '4000' });
    link().sickness = answers.hang;
    let isOver = false;
    const held = Array.from({ length: 50 }, () => operator.get('/operator/vx11/overview').then(() => (isOver = true)));
    await until(() => link().calls.length > 0);
    await operator.chat({ message: 'hello' }).expect(200);
    expect(isOver).toBe(false);
    await Promise.all(held);
  });

  it('never makes a chat fail by finding that Switch is too busy to tell its health', async () => {
    const upstream = await FakeSwitch.start();
    await start([], { ENGINE: 'vx11', SWITCH_URL: upstream.url, OVERVIEW_TIMEOUT_MS: '100', BREAKER_FAILURES: '2' });
    upstream.routes['GET /health'] = answers.hang;
    upstream.chat = answers.after(1_500, answers.echo);
    const first = operator.chat({ message: 'one' }).then();
    for (let round = 0; round < 4; round++) {
      const { body } = await operator.get('/operator/vx11/overview').expect(200);
      expect(body.modules.switch).toMatchObject({ status: 'down', error: 'timeout', circuit: 'closed' });
    }
    await operator.chat({ message: 'two' }).expect(200);
    expect((await first).status).toBe(200);
    await upstream.stop();
  });

  it('is not asked for by GET /health, which Tentáculo calls', async () => {
    await start();
    for (const path of ['/health', '/health/live']) await operator.get(path).expect(200);
    expect(link().calls).toEqual([]);
  });

  it('wants a token', async () => {
    await start([]);
    await operator.get('/operator/vx11/overview').set('X-VX11-Token', 'wrong').expect(403);
  });

  it('can be asked for in a chat', async () => {
    await start(['madre', 'shub']);
    system.fakes.shub!.sickness = answers.reset;
    const { body } = await operator.chat({ message: '/overview' }).expect(200);
    expect(body.response).toContain('The system is degraded: 2 of 3 modules are well.');
    expect(body.response).toContain('\nmadre: ok\n');
    expect(body.response).toContain('\nshub: down (unreachable)\n');
    expect(body.tool_calls).toMatchObject([
      {
        tool_name: 'system_overview',
        status: 'ok',
        result: { status: 'degraded', modules: { madre: { status: 'ok' } } },
      },
    ]);
  });
});
