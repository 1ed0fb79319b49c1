import { FakeSwitch } from '../fakes/fake-switch';
import { expectProblem, rowCounts } from '../support/problem';
import { rawRequest } from '../support/raw-request';
import { type TestApp, type TestEnv, createTestApp } from '../support/test-app';

const OTHER = 'another-token';

describe('The rate limit', () => {
  let operator: TestApp;
  afterEach(() => operator.close());

  const start = async (env: TestEnv = {}) =>
    (operator = await createTestApp({
      VX11_OPERATOR_TOKEN: `first-token,${OTHER}`,
      RATE_LIMIT_POSTS: '3',
      RATE_LIMIT_WINDOW_S: '600',
      ...env,
    }));
  const send = (method: string, path: string, token?: string, body?: object, headers = {}) =>
    rawRequest(operator.url, {
      method,
      path,
      headers: { ...(token && { 'X-VX11-Token': token }), 'Content-Type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
    });
  const chat = (token?: string, headers = {}) => send('POST', '/operator/chat', token, { message: '/help' }, headers);
  /** `RateLimit` without its clock, which may have ticked. */
  const left = (headers: Record<string, unknown>) =>
    /^"default";r=(\d+);t=(?:600|599|598)$/.exec(String(headers['ratelimit']))?.[1];

  it('says on every POST how many are left, and refuses those beyond with when to come back', async () => {
    await start();
    for (const remaining of ['2', '1', '0']) {
      const answer = await chat('first-token');
      expect(answer.status).toBe(200);
      expect(answer.headers['ratelimit-policy']).toBe('"default";q=3;w=600');
      expect(left(answer.headers)).toBe(remaining);
      expect(answer.headers['retry-after']).toBeUndefined();
    }
    const before = await rowCounts(operator);
    for (let n = 0; n < 3; n++) {
      const refused = await chat('first-token');
      expectProblem(refused, { status: 429, error: 'rate_limited', instance: '/operator/chat' });
      expect(refused.headers['ratelimit-policy']).toBe('"default";q=3;w=600');
      expect(left(refused.headers)).toBe('0');
      expect(refused.headers['retry-after']).toBe(/t=(\d+)/.exec(String(refused.headers['ratelimit']))![1]);
    }
    expect(await rowCounts(operator)).toEqual(before);
  });

  it('does not reach the engine with what it refuses', async () => {
    const upstream = await FakeSwitch.start();
    await start({ SWITCH_URL: upstream.url, RATE_LIMIT_POSTS: '1' });
    await chat('first-token');
    await Promise.all(Array.from({ length: 10 }, () => chat('first-token')));
    expect(upstream.chats).toHaveLength(1);
    await upstream.stop();
  });

  it('lets in what is allowed and no more when all come at once', async () => {
    await start({ RATE_LIMIT_POSTS: '5' });
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await chat('first-token')).status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(15);
  });

  it('counts each token by itself, in whichever header it comes', async () => {
    await start({ RATE_LIMIT_POSTS: '1' });
    expect((await chat('first-token')).status).toBe(200);
    expect((await chat(undefined, { Authorization: 'Bearer first-token' })).status).toBe(429);
    expect((await chat(OTHER)).status).toBe(200);
    expect((await chat(OTHER)).status).toBe(429);
  });

  it('counts a refused body, but nothing of those without a valid token', async () => {
    await start({ RATE_LIMIT_POSTS: '2' });
    for (const token of [undefined, 'wrong']) {
      for (let n = 0; n < 5; n++) {
        const { status, headers } = await chat(token);
        expect(status).toBe(token ? 403 : 401);
        expect(headers['ratelimit']).toBeUndefined();
        expect(headers['ratelimit-policy']).toBeUndefined();
      }
    }
    const invalid = await send('POST', '/operator/chat', 'first-token', { message: '' });
    expect(invalid.status).toBe(422);
    expect(left(invalid.headers)).toBe('1');
    expect((await chat('first-token')).status).toBe(200);
    expect((await chat('first-token')).status).toBe(429);
  });

  it('leaves every other method alone', async () => {
    await start({ RATE_LIMIT_POSTS: '1' });
    await chat('first-token');
    expect((await chat('first-token')).status).toBe(429);
    for (const [method, path, expected] of [
      ['GET', '/operator/sessions', 200],
      ['DELETE', '/operator/session/nobody', 404],
      ['GET', '/health', 200],
    ] as const) {
      for (let n = 0; n < 3; n++) {
        const { status, headers } = await send(method, path, 'first-token');
        expect(status).toBe(expected);
        expect(headers['ratelimit']).toBeUndefined();
      }
    }
  });

  it('lets in again when the window is over', async () => {
    await start({ RATE_LIMIT_POSTS: '1', RATE_LIMIT_WINDOW_S: '1' });
    expect((await chat('first-token')).headers['ratelimit']).toBe('"default";r=0;t=1');
    const refused = await chat('first-token');
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('1');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await chat('first-token')).status).toBe(200);
  });

  it('is one for all where no token is needed', async () => {
    await start({ VX11_OPERATOR_TOKEN: '', ENABLE_AUTH: 'false', RATE_LIMIT_POSTS: '1' });
    expect((await chat()).status).toBe(200);
    expect((await chat('anything')).status).toBe(429);
  });

  it('is not there with a limit of 0, not even in a header', async () => {
    await start({ RATE_LIMIT_POSTS: '0' });
    for (let n = 0; n < 20; n++) {
      const { status, headers } = await chat('first-token');
      expect(status).toBe(200);
      expect(Object.keys(headers).filter((name) => name.startsWith('ratelimit'))).toEqual([]);
    }
  });

  it('can be read by pages of other origins', async () => {
    await start();
    const { headers } = await chat('first-token', { Origin: 'http://localhost:8020' });
    const exposed = String(headers['access-control-expose-headers']).split(',');
    expect(exposed).toEqual(
      expect.arrayContaining(['RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Operator-Overhead-Ms']),
    );
  });
});
