import type { Answer } from '../fakes/fake-upstream';
import { json } from '../fakes/fake-upstream';
import { answers } from '../fakes/fake-switch';
import { type FakeSystem, guarded, shub, startSystem } from '../fakes/vx11';
import { type TestApp, createTestApp } from '../support/test-app';

const TIMEOUT_MS = 400;
const SLACK_MS = 500;
const UNREPORTED = 'no upstream reports it';
const A = '/shub/reaper/projects';
const H = '/api/reaper/projects';

describe('GET /operator/shub/dashboard', () => {
  let system: FakeSystem;
  let operator: TestApp;

  beforeEach(async () => {
    system = await startSystem(['shub']);
    operator = await createTestApp({
      ...system.env,
      OVERVIEW_TIMEOUT_MS: `${TIMEOUT_MS}`,
      OVERVIEW_TTL_MS: '0',
      VX11_TENTACULO_LINK_TOKEN: 'link-token',
      VX11_GATEWAY_TOKEN: 'gateway-token',
    });
  });
  afterEach(async () => {
    const { asked } = system.fakes.shub!;
    await operator.close();
    await system.stop();
    expect(asked.filter((call) => !['GET /health', `GET ${A}`, `GET ${H}`].includes(call))).toEqual([]);
  });

  const fake = () => system.fakes.shub!;
  const dashboard = async () => {
    const startedAt = performance.now();
    const { body } = await operator.get('/operator/shub/dashboard').expect(200);
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    return body;
  };
  const speakRevisionH = () => {
    fake().routes['GET /health'] = shub.healthH;
    fake().routes[`GET ${H}`] = shub.projectsH;
    delete fake().routes[`GET ${A}`];
  };

  it('puts together what revision A tells', async () => {
    fake().routes[`GET ${A}`] = guarded('gateway-token', shub.projectsA);
    const source = { name: 'shub', status: 'ok', latency_ms: expect.any(Number), error: null };
    expect(await dashboard()).toEqual({
      status: 'ok',
      shub_health: 'ok',
      shub_version: '7.0',
      active_sessions: null,
      projects: [
        { name: 'Song 12', id: '12', status: 'mixing' },
        { name: 'Song 13', id: null, status: null },
      ],
      projects_total: 2,
      resources: { cpu_percent: null, memory_mb: null },
      reasons: { shub_health: null, projects: null, active_sessions: UNREPORTED, resources: UNREPORTED },
      as_of: expect.any(String),
      stale: false,
      sources: [
        { ...source, path: '/health' },
        { ...source, path: A },
      ],
    });
  });

  it('says that revision H has no list of projects', async () => {
    speakRevisionH();
    const body = await dashboard();
    expect(body).toMatchObject({ status: 'ok', shub_health: 'ok', shub_version: '7.0-FASE1', projects: null });
    expect(body.reasons.projects).toBe('this revision of Shub keeps no list of projects: it answers with a stub');
    expect(body.sources.map(({ path }: any) => path)).toEqual(['/health', H]);
  });

  it('believes revision H that it is not ready yet', async () => {
    speakRevisionH();
    fake().routes['GET /health'] = shub.healthInitializing;
    const body = await dashboard();
    expect(body).toMatchObject({ status: 'degraded', shub_health: 'degraded' });
    expect(body.reasons.shub_health).toBe('says that it is initializing');
  });

  it.each<[string, Answer, string, string]>([
    ['hangs', answers.hang, 'down', 'timeout'],
    ['drips', answers.drip, 'down', 'timeout'],
    ['resets connections', answers.reset, 'down', 'unreachable'],
    ['refuses the token', answers.unauthorized, 'unknown', 'token refused (401)'],
    ['answers HTML', answers.html, 'unknown', 'answered HTML, not JSON'],
    ['answers a list', answers.list, 'unknown', 'answered a list, not a JSON object'],
    ['answers null', answers.null, 'unknown', 'answered null, not a JSON object'],
    ['answers 2 MiB', json(200, { status: 'ok', projects: ['x'.repeat(2 << 20)] }), 'unknown', 'too large'],
    ['redirects', answers.redirect, 'unknown', 'redirect (302)'],
    ['fails', answers.plain500, 'down', 'answered 500'],
  ])('says so when Shub %s', async (_, answer, status, reason) => {
    fake().sickness = answer;
    const body = await dashboard();
    expect(body).toMatchObject({ status, shub_health: status, projects: null, projects_total: null });
    expect(body.reasons).toMatchObject({ shub_health: reason, projects: reason });
    expect(body.sources).toMatchObject([
      { path: '/health', status: 'failed', error: reason },
      { path: A, status: 'failed', error: reason },
    ]);
  });

  it.each<[string, Answer, string]>([
    ['refuses the token', answers.unauthorized, 'token refused (401)'],
    ['hangs', answers.hang, 'timeout'],
    ['says that it failed', json(200, { status: 'error', projects: [] }), 'answered that it failed'],
    ['leaves the list out', json(200, { status: 'success' }), 'answered without projects'],
    ['has no list there', json(200, { status: 'success', projects: { a: 1 } }), 'answered without projects'],
    ['knows neither path', json(404, '{}'), 'answered 404'],
  ])('shows what there is when the list of projects %s', async (_, answer, reason) => {
    fake().routes[`GET ${A}`] = answer;
    const body = await dashboard();
    expect(body).toMatchObject({ status: 'degraded', shub_health: 'ok', projects: null });
    expect(body.reasons).toMatchObject({ shub_health: null, projects: reason });
  });

  it('shows a hundred projects, by names that fit, and counts all', async () => {
    const projects = [
      null,
      7,
      {},
      { path: '/etc' },
      ['x'],
      ...Array.from({ length: 500 }, () => ({ name: 'n\0'.repeat(100) })),
    ];
    fake().routes[`GET ${A}`] = json(200, { status: 'success', projects });
    const body = await dashboard();
    expect(body.projects).toHaveLength(100);
    expect(body.projects[0]).toEqual({ name: '7', id: null, status: null });
    expect(body.projects[1].name).toHaveLength(128);
    expect(body.projects_total).toBe(501);
  });

  it('has nothing to complain of where Shub is not configured', async () => {
    const alone = await createTestApp();
    const { body } = await alone.get('/operator/shub/dashboard').expect(200);
    await alone.close();
    expect(body).toMatchObject({ status: 'not_configured', shub_health: 'not_configured', projects: null });
    expect(body.reasons).toMatchObject({ shub_health: 'not configured', projects: 'not configured' });
    expect(body.sources[0]).toEqual({
      name: 'shub',
      path: '/health',
      status: 'not_configured',
      latency_ms: null,
      error: null,
    });
  });

  it('makes one round of calls for a hundred requests at once', async () => {
    const keeping = await createTestApp({ ...system.env, OVERVIEW_TTL_MS: '60000' });
    await Promise.all(Array.from({ length: 100 }, () => keeping.get('/operator/shub/dashboard').expect(200)));
    await keeping.close();
    expect(fake().asked.sort()).toEqual([`GET ${H}`, 'GET /health', `GET ${A}`].sort());
  });
});
