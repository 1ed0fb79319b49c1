import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request as open } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/config';
import { expectProblem, rowCounts } from '../support/problem';
import { rawRequest } from '../support/raw-request';
import { TOKEN, type TestApp, type TestEnv, createTestApp } from '../support/test-app';

/**
 * Every operation that anyone may call. Adding a line here is a security decision. `GET /metrics` is one of them only
 * with `METRICS=open`, which is the default on a loopback address alone.
 */
const PUBLIC = ['GET /health', 'GET /health/live', 'GET /health/ready'];
/** Pages about the API. Plain routes, which no guard sees. */
const DOCS = ['/docs', '/docs-json', '/docs-yaml'];

const A_UUID = '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d';

type Headers = Record<string, string>;

const bothWays = (token: string): Headers[] => [{ 'X-VX11-Token': token }, { Authorization: `Bearer ${token}` }];

interface Operation {
  name: string;
  method: string;
  path: string;
}

describe('Auth', () => {
  describe('with a token configured', () => {
    let operator: TestApp;
    let operations: Operation[];

    beforeAll(async () => {
      operator = await createTestApp({ METRICS: 'token' });
      const { body } = await rawRequest(operator.url, { path: '/docs-json' });
      const { paths } = body as { paths: Record<string, Record<string, unknown>> };
      operations = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => ({
          name: `${method.toUpperCase()} ${path}`,
          method: method.toUpperCase(),
          path: path.replace(/\{\w+\}/g, A_UUID),
        })),
      );
    });
    afterAll(() => operator.close());

    const guarded = () => operations.filter(({ name }) => !PUBLIC.includes(name));
    const call = ({ method, path }: Operation, headers: Headers = {}) =>
      rawRequest(operator.url, { method, path, headers });

    it('documents every route there is, so that none escapes this test', () => {
      const { stack } = operator.app.getHttpAdapter().getInstance().router as {
        stack: { route?: { path: string; methods: Record<string, boolean> } }[];
      };
      const routes = stack.flatMap(({ route }) =>
        Object.keys(route?.methods ?? {}).map((method) => `${method.toUpperCase()} ${route!.path}`),
      );
      const known = routes
        .map((name) => name.replace(/:(\w+)/g, '{$1}'))
        .filter((name) => !/^GET \/docs(-json|-yaml|\/.*)?$/.test(name));
      expect(known.sort()).toEqual(operations.map(({ name }) => name).sort());
      expect(known.length).toBeGreaterThan(PUBLIC.length);
    });

    it('answers nobody who has no token, but on the public list', async () => {
      const answers = await Promise.all(operations.map(async (each) => [each.name, await call(each)] as const));
      const opened = answers.filter(([, { status }]) => status !== 401).map(([name]) => name);
      expect(opened.sort()).toEqual(PUBLIC);
    });

    it('opens the metrics besides, if they are configured to be open', async () => {
      const open = await createTestApp({ METRICS: 'open' });
      const answers = await Promise.all(
        operations.map(async ({ name, method, path }) => {
          const { status } = await rawRequest(open.url, { method, path });
          return [name, status] as const;
        }),
      );
      await open.close();
      const opened = answers.filter(([, status]) => status !== 401).map(([name]) => name);
      expect(opened.sort()).toEqual([...PUBLIC, 'GET /metrics']);
    });

    it('says 401 auth_required and how to do better to whoever has no token', async () => {
      for (const operation of guarded()) {
        const answer = await call(operation);
        expectProblem(answer, { status: 401, error: 'auth_required', instance: operation.path });
        expect(answer.headers['www-authenticate']).toBe('Bearer realm="operator"');
      }
    });

    it('says 403 forbidden to whoever has a wrong one', async () => {
      for (const operation of guarded()) {
        for (const headers of bothWays('wrong')) {
          const answer = await call(operation, headers);
          expectProblem(answer, { status: 403, error: 'forbidden', instance: operation.path });
        }
      }
    });

    it('marks exactly the public operations as open in the documents', async () => {
      const { body } = await rawRequest(operator.url, { path: '/docs-json' });
      const { paths } = body as { paths: Record<string, Record<string, { security?: unknown[] }>> };
      const openOnes = Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods)
          .filter(([, { security }]) => security?.length === 0)
          .map(([method]) => `${method.toUpperCase()} ${path}`),
      );
      expect(openOnes.sort()).toEqual(PUBLIC);
    });

    it.each(DOCS)('shows %s to everybody', async (path) => {
      expect((await rawRequest(operator.url, { path })).status).toBe(200);
    });

    const sessions = (headers: Headers) => rawRequest(operator.url, { path: '/operator/sessions', headers });

    it.each<[string, Headers]>([
      ['X-VX11-Token', { 'X-VX11-Token': TOKEN }],
      ['X-VX11-Token between spaces', { 'X-VX11-Token': ` ${TOKEN} ` }],
      ['a bearer token', { Authorization: `Bearer ${TOKEN}` }],
      ['a bearer token, its scheme in small letters', { Authorization: `bearer ${TOKEN}` }],
      ['a bearer token beside an empty header', { 'X-VX11-Token': '', Authorization: `Bearer ${TOKEN}` }],
    ])('lets %s in', async (_, headers) => {
      expect((await sessions(headers)).status).toBe(200);
    });

    it.each<[string, Headers, number, string]>([
      ['an empty header', { 'X-VX11-Token': '' }, 401, 'auth_required'],
      ['a bearer scheme without a token', { Authorization: 'Bearer ' }, 401, 'auth_required'],
      ['another scheme', { Authorization: `Basic ${btoa(`operator:${TOKEN}`)}` }, 401, 'auth_required'],
      ['a token without a scheme', { Authorization: TOKEN }, 401, 'auth_required'],
      ['a token that only begins right', { 'X-VX11-Token': TOKEN.slice(0, -1) }, 403, 'forbidden'],
      ['a token with something behind it', { 'X-VX11-Token': `${TOKEN}x` }, 403, 'forbidden'],
      ['a token in capitals', { 'X-VX11-Token': TOKEN.toUpperCase() }, 403, 'forbidden'],
      [
        'a wrong header beside a right bearer token',
        { 'X-VX11-Token': 'x', Authorization: `Bearer ${TOKEN}` },
        403,
        'forbidden',
      ],
      ['the right token twice', { 'X-VX11-Token': `${TOKEN}, ${TOKEN}` }, 403, 'forbidden'],
      ['the token that the original accepted by default', { 'X-VX11-Token': 'vx11-local-token' }, 403, 'forbidden'],
      ['a very long token', { 'X-VX11-Token': 'x'.repeat(8_000) }, 403, 'forbidden'],
    ])('keeps %s out', async (_, headers, status, error) => {
      expectProblem(await sessions(headers), {
        status,
        error,
        instance: '/operator/sessions',
      });
    });

    it('takes no token from a query of a request, where logs would keep it', async () => {
      const answer = await rawRequest(operator.url, { path: `/operator/sessions?token=${TOKEN}` });
      expectProblem(answer, { status: 401, error: 'auth_required', instance: '/operator/sessions' });
    });

    describe('never parses the body of a request that it refuses:', () => {
      it.each<[string, Headers, number, string]>([
        ['no token', {}, 401, 'auth_required'],
        ['a wrong token', { 'X-VX11-Token': 'wrong' }, 403, 'forbidden'],
      ])('%s', async (_, headers, status, error) => {
        const before = await rowCounts(operator);
        const bodies = ['{"message": ', 'x'.repeat(300 * 1024), `{"message":${'['.repeat(100_000)}`];
        for (const body of bodies) {
          for (const type of ['application/json', 'text/plain']) {
            const answer = await rawRequest(operator.url, {
              method: 'POST',
              path: '/operator/chat',
              headers: { ...headers, 'Content-Type': type },
              body,
            });
            expectProblem(answer, { status, error, instance: '/operator/chat' });
          }
        }
        expect(await rowCounts(operator)).toEqual(before);
      });

      it('not even waits for it', async () => {
        const { hostname, port } = new URL(operator.url);
        const headers = { 'Content-Type': 'application/json', 'Content-Length': 1_000 };
        const request = open({ hostname, port, method: 'POST', path: '/operator/chat', headers, agent: false });
        request.on('error', () => undefined);
        request.flushHeaders();
        const status = await new Promise((resolve) => request.once('response', (it) => resolve(it.statusCode)));
        request.destroy();
        expect(status).toBe(401);
      });
    });
  });

  describe('with several tokens configured', () => {
    let operator: TestApp;
    beforeAll(async () => {
      operator = await createTestApp({
        VX11_OPERATOR_TOKEN: 'old-token, new-token,',
        VX11_TENTACULO_LINK_TOKEN: 'link-token',
        VX11_GATEWAY_TOKEN: 'gateway-token',
        API_TOKEN: 'api-token',
      });
    });
    afterAll(() => operator.close());

    it.each(['old-token', 'new-token', 'link-token', 'gateway-token', 'api-token'])('accepts %s', async (token) => {
      for (const headers of bothWays(token)) {
        const { status } = await rawRequest(operator.url, { path: '/operator/sessions', headers });
        expect(status).toBe(200);
      }
    });

    it.each(['old-token, new-token,', 'old-token,new-token', 'old-token, new-token', ','])(
      'does not accept the list itself: %s',
      async (token) => {
        const answer = await rawRequest(operator.url, {
          path: '/operator/sessions',
          headers: { 'X-VX11-Token': token },
        });
        expectProblem(answer, { status: 403, error: 'forbidden', instance: '/operator/sessions' });
      },
    );

    it('generates none', () => {
      expect(existsSync(join(operator.dataDir, 'token'))).toBe(false);
    });
  });

  describe('with no token configured', () => {
    let dataDir: string;
    beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'operator-auth-'))));
    afterEach(() => rmSync(dataDir, { recursive: true }));

    const within = async (env: TestEnv, work: (operator: TestApp) => Promise<void>) => {
      const operator = await createTestApp({ DATA_DIR: dataDir, VX11_OPERATOR_TOKEN: '', ...env });
      try {
        await work(operator);
      } finally {
        await operator.close();
      }
    };
    const status = async (operator: TestApp, headers: Headers = {}) =>
      (await rawRequest(operator.url, { path: '/operator/sessions', headers })).status;

    it('generates one that only its owner can read, and keeps it through a restart', async () => {
      let token = '';
      await within({}, async (operator) => {
        const file = join(dataDir, 'token');
        token = readFileSync(file, 'utf8').trim();
        expect(statSync(file).mode & 0o777).toBe(0o600);
        expect(token).toMatch(/^[\w-]{32}$/);
        expect(await status(operator)).toBe(401);
        expect(await status(operator, { 'X-VX11-Token': 'wrong' })).toBe(403);
        expect(await status(operator, { 'X-VX11-Token': token })).toBe(200);
      });
      await within({}, async (operator) => {
        expect(readFileSync(join(dataDir, 'token'), 'utf8').trim()).toBe(token);
        expect(await status(operator, { 'X-VX11-Token': token })).toBe(200);
      });
    });

    it('does not accept the generated one any more once another is configured', async () => {
      await within({}, async () => undefined);
      const generated = readFileSync(join(dataDir, 'token'), 'utf8').trim();
      await within({ API_TOKEN: 'configured' }, async (operator) => {
        expect(await status(operator, { 'X-VX11-Token': generated })).toBe(403);
        expect(await status(operator, { 'X-VX11-Token': 'configured' })).toBe(200);
      });
    });

    it('opens on a loopback address when auth is switched off', async () => {
      await within({ ENABLE_AUTH: 'false' }, async (operator) => {
        expect(await status(operator)).toBe(200);
        expect(await status(operator, { 'X-VX11-Token': 'anything' })).toBe(200);
        const answer = await rawRequest(operator.url, {
          method: 'POST',
          path: '/operator/chat',
          headers: { 'Content-Type': 'application/json' },
          body: '{"message":"hi"}',
        });
        expect(answer.status).toBe(200);
        expect(existsSync(join(dataDir, 'token'))).toBe(false);

        const rebound = await rawRequest(operator.url, {
          path: '/operator/sessions',
          headers: { Host: 'evil.example' },
        });
        expect(rebound.status).toBe(403);
      });
    });

    it.each(['0.0.0.0', '::', '10.0.0.5', 'operator.example', '127.evil.example', '128.0.0.1'])(
      'refuses to be switched off on %s',
      (host) => {
        expect(() => loadConfig({ ENABLE_AUTH: 'false', HOST: host })).toThrow(
          `ENABLE_AUTH: got "false" with HOST="${host}", expected true unless HOST is a loopback address`,
        );
      },
    );

    it.each(['127.0.0.1', '127.8.9.10', '::1', 'localhost'])('may be switched off on %s', (host) => {
      expect(loadConfig({ ENABLE_AUTH: 'false', HOST: host }).auth.enabled).toBe(false);
    });

    it('refuses to start in production, unless there is a token somewhere', () => {
      expect(() => loadConfig({ NODE_ENV: 'production' })).toThrow(/^VX11_OPERATOR_TOKEN: got nothing/);
      expect(() => loadConfig({ NODE_ENV: 'production', API_TOKEN: ' , ' })).toThrow(/^VX11_OPERATOR_TOKEN/);
      expect(loadConfig({ NODE_ENV: 'production', API_TOKEN: 'a' }).auth.tokens).toEqual(['a']);
    });
  });
});
