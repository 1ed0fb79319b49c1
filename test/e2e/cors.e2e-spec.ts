import { rawRequest } from '../support/raw-request';
import { AUTH, type TestApp, createTestApp } from '../support/test-app';

describe('Pages of other origins', () => {
  let operator: TestApp;
  beforeAll(async () => {
    operator = await createTestApp({ ALLOWED_ORIGINS: 'http://localhost:8020,https://console.example' });
  });
  afterAll(() => operator.close());

  const preflight = (Origin: string) =>
    rawRequest(operator.url, {
      method: 'OPTIONS',
      path: '/operator/chat',
      headers: {
        Origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type,idempotency-key,x-vx11-token',
      },
    });

  it.each(['http://localhost:8020', 'https://console.example'])('may call the API from %s', async (origin) => {
    const { status, headers } = await preflight(origin);
    expect(status).toBe(204);
    expect(headers['access-control-allow-origin']).toBe(origin);
    expect(headers['access-control-allow-methods']).toMatch(/\bPOST\b.*\bDELETE\b|\bDELETE\b.*\bPOST\b/);
    expect(headers['access-control-allow-headers']).toBe('content-type,idempotency-key,x-vx11-token');

    const answer = await rawRequest(operator.url, { path: '/operator/sessions', headers: { ...AUTH, Origin: origin } });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    expect(answer.headers['access-control-expose-headers']).toContain('X-Request-Id');
    expect(answer.headers['vary']).toContain('Origin');
  });

  it.each(['http://localhost:8011', 'http://console.example', 'https://console.example.evil', 'null'])(
    'are told nothing at %s',
    async (origin) => {
      for (const { headers } of [
        await preflight(origin),
        await rawRequest(operator.url, { path: '/operator/sessions', headers: { ...AUTH, Origin: origin } }),
      ]) {
        expect(headers['access-control-allow-origin']).toBeUndefined();
        expect(headers['access-control-allow-credentials']).toBeUndefined();
      }
    },
  );

  it('may read why they were refused', async () => {
    const { status, headers } = await rawRequest(operator.url, {
      path: '/operator/sessions',
      headers: { Origin: 'https://console.example' },
    });
    expect(status).toBe(401);
    expect(headers['access-control-allow-origin']).toBe('https://console.example');
  });

  it('are kept from framing, sniffing and guessing what serves them', async () => {
    for (const path of ['/health', '/docs', '/nope']) {
      const { headers } = await rawRequest(operator.url, { path });
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' });
      expect(headers['content-security-policy']).toContain("default-src 'self'");
      expect(headers['content-security-policy']).toContain("img-src 'self' data: blob:");
      expect(headers['x-powered-by']).toBeUndefined();
    }
  });
});
