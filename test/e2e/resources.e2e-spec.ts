import { type Answer, json } from '../fakes/fake-upstream';
import { answers } from '../fakes/fake-switch';
import { type FakeSystem, guarded, hermes, startSystem } from '../fakes/vx11';
import { type TestApp, createTestApp } from '../support/test-app';

const TIMEOUT_MS = 400;
const SLACK_MS = 500;

describe('GET /operator/resources', () => {
  let system: FakeSystem;
  let operator: TestApp;

  beforeEach(async () => {
    system = await startSystem(['hermes']);
    operator = await createTestApp({
      ...system.env,
      OVERVIEW_TIMEOUT_MS: `${TIMEOUT_MS}`,
      OVERVIEW_TTL_MS: '0',
      HERMES_TOKEN: 'hermes-token',
    });
  });
  afterEach(async () => {
    const { asked } = system.fakes.hermes!;
    await operator.close();
    await system.stop();
    // `/hermes/cli/list` shows tokens in clear.
    expect(asked.filter((call) => !['GET /hermes/resources', 'GET /hermes/list'].includes(call))).toEqual([]);
  });

  const fake = () => system.fakes.hermes!;
  const resources = async () => {
    const startedAt = performance.now();
    const { body, text } = await operator.get('/operator/resources').expect(200);
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    expect(text).not.toContain('sk-');
    return body;
  };

  it('shows what revision A has, and what its tokens may still spend', async () => {
    for (const path of Object.keys(fake().routes)) fake().routes[path] = guarded('hermes-token', fake().routes[path]!);
    const source = { name: 'hermes', status: 'ok', latency_ms: expect.any(Number), error: null };
    expect(await resources()).toEqual({
      status: 'ok',
      cli_tools: [
        { name: 'gh', available: true, version: null },
        { name: 'deepseek_r1', available: true, version: null },
      ],
      local_models: [{ name: 'tiny-test', size_mb: 100, available: true }],
      max_tokens: 1500,
      available_tokens: 985,
      reasons: { cli_tools: null, local_models: null, max_tokens: null, available_tokens: null },
      as_of: expect.any(String),
      stale: false,
      sources: [
        { ...source, path: '/hermes/resources' },
        { ...source, path: '/hermes/list' },
      ],
    });
  });

  it('shows what revision H has, and invents no budget', async () => {
    fake().routes['GET /hermes/resources'] = hermes.resourcesH;
    delete fake().routes['GET /hermes/list'];
    expect(await resources()).toMatchObject({
      status: 'ok',
      cli_tools: [
        { name: 'docker', available: true, version: null },
        { name: 'kubectl', available: true, version: null },
        { name: 'gh', available: false, version: null },
        { name: 'playwright', available: false, version: null },
      ],
      local_models: [
        { name: 'general-7b', size_mb: null, available: true },
        { name: 'tiny', size_mb: null, available: true },
      ],
      max_tokens: null,
      available_tokens: null,
      reasons: { cli_tools: null, local_models: null, max_tokens: 'answered 404', available_tokens: 'answered 404' },
    });
  });

  it.each<[string, Answer, string, string]>([
    ['hangs', answers.hang, 'down', 'timeout'],
    ['resets connections', answers.reset, 'down', 'unreachable'],
    ['refuses the token', answers.unauthorized, 'unknown', 'token refused (401)'],
    ['refuses it in another shape', answers.forbidden, 'unknown', 'token refused (403)'],
    ['answers HTML', answers.html, 'unknown', 'answered HTML, not JSON'],
    ['answers a list', answers.list, 'unknown', 'answered a list, not a JSON object'],
    ['answers null', answers.null, 'unknown', 'answered null, not a JSON object'],
    ['answers 2 MiB', json(200, { local_models: ['x'.repeat(2 << 20)] }), 'unknown', 'too large'],
    ['redirects', answers.redirect, 'unknown', 'redirect (302)'],
    ['fails', answers.plain500, 'down', 'answered 500'],
  ])('knows nothing, and says why, when Hermes %s', async (_, answer, status, reason) => {
    fake().sickness = answer;
    const nothing = { cli_tools: null, local_models: null, max_tokens: null, available_tokens: null };
    const body = await resources();
    expect(body).toMatchObject({ status, ...nothing });
    expect(body.reasons).toEqual({
      cli_tools: reason,
      local_models: reason,
      max_tokens: reason,
      available_tokens: reason,
    });
  });

  it('shows the one half when the other is missing', async () => {
    fake().routes['GET /hermes/resources'] = json(200, { status: 'ok', local_models: ['tiny'] });
    const body = await resources();
    expect(body).toMatchObject({ status: 'degraded', cli_tools: null, local_models: [{ name: 'tiny' }] });
    expect(body.reasons.cli_tools).toBe('Hermes does not list its tools');
  });

  it('makes nothing of what is neither', async () => {
    fake().routes['GET /hermes/resources'] = json(200, { local_models: 'tiny', cli: ['gh'] });
    const body = await resources();
    expect(body).toMatchObject({ status: 'degraded', cli_tools: null, local_models: null, max_tokens: 1500 });
    expect(body.reasons.local_models).toBe('answered without tools and models');
  });

  it('answers in time when only the budget hangs', async () => {
    fake().routes['GET /hermes/list'] = answers.hang;
    const body = await resources();
    expect(body).toMatchObject({ status: 'degraded', cli_tools: [{ name: 'gh' }, {}], max_tokens: null });
    expect(body.reasons.max_tokens).toBe('timeout');
  });

  it('has nothing to complain of where Hermes is not configured', async () => {
    const alone = await createTestApp();
    const { body } = await alone.get('/operator/resources').expect(200);
    expect(body).toMatchObject({ status: 'not_configured', cli_tools: null, reasons: { cli_tools: 'not configured' } });
    const { body: chat } = await alone.chat({ message: '/resources' }).expect(200);
    await alone.close();
    expect(chat.response).toContain('Hermes is not configured.\nTools: not known (not configured)');
  });

  it('makes one round of calls for a hundred requests at once', async () => {
    const keeping = await createTestApp({ ...system.env, OVERVIEW_TTL_MS: '60000' });
    await Promise.all(Array.from({ length: 100 }, () => keeping.get('/operator/resources').expect(200)));
    await keeping.close();
    expect(fake().asked.sort()).toEqual(['GET /hermes/list', 'GET /hermes/resources']);
  });

  it('can be asked for in a chat', async () => {
    const { body } = await operator.chat({ message: '/resources' }).expect(200);
    expect(body.response).toMatch(
      /^Hermes is ok\.\nTools: gh, deepseek_r1\nLocal models: tiny-test\nTokens a day: 1500\nTokens left: 985\nAs of \S+Z\.$/,
    );
    expect(body.tool_calls).toMatchObject([
      { tool_name: 'list_resources', status: 'ok', result: { max_tokens: 1500 } },
    ]);
  });
});
