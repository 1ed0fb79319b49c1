import { SwitchGateway } from '../../src/switch-gateway/switch-gateway.service';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { expectProblem } from '../support/problem';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

const FAILURES = 3;
const RETRY_MS = 200;

describe('The circuit breaker of Switch', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;
  beforeEach(async () => {
    upstream = await FakeSwitch.start();
    operator = await createTestApp({
      SWITCH_URL: upstream.url,
      SWITCH_TIMEOUT_MS: '150',
      BREAKER_FAILURES: `${FAILURES}`,
      BREAKER_RETRY_MS: `${RETRY_MS}`,
      SWITCH_FEEDBACK: 'false',
    });
  });
  afterEach(async () => {
    await operator.close();
    await upstream.stop();
  });

  const chat = () => operator.chat({ message: 'hello' });
  const fail = async (status: number) => {
    for (let failed = 0; failed < FAILURES; failed++) await chat().expect(status);
  };

  it('answers at once while Switch is a black hole, and by itself when it is back', async () => {
    upstream.chat = answers.hang;
    upstream.routes['GET /health'] = answers.hang;
    await fail(504);
    const asked = upstream.chats.length;

    const startedAt = performance.now();
    const answer = await chat();
    expect(performance.now() - startedAt).toBeLessThan(100);
    const { turn_id, session_id, message_id, ...problem } = answer.body;
    expectProblem(
      { status: answer.status, headers: answer.headers, body: problem },
      { status: 503, error: 'switch_unavailable', instance: '/operator/chat' },
    );
    expect(problem.detail).toContain('left alone');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(upstream.chats).toHaveLength(asked);
    // The question is on record all the same.
    const { body: turn } = await operator.get(`/operator/turn/${turn_id}`).expect(200);
    expect(turn).toMatchObject({ session_id, status: 'failed', error: { error: 'switch_unavailable' } });
    expect(message_id).toEqual(expect.any(Number));

    upstream.chat = answers.echo;
    upstream.routes['GET /health'] = answers.json(200, '{"status":"ok","module":"switch"}');
    await until(async () => (await chat()).status === 200);
  });

  it('spends no chat on finding out whether Switch is back', async () => {
    upstream.chat = answers.hang;
    upstream.routes['GET /health'] = answers.hang;
    await fail(504);
    const asked = upstream.chats.length;
    const probes = () => upstream.calls.filter(({ path }) => path === '/health').length;
    const before = probes();
    for (let i = 0; i < 20; i++) {
      await chat().expect(503);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(upstream.chats).toHaveLength(asked);
    expect(probes()).toBeGreaterThan(before);
  });

  it('shows its state to probes', async () => {
    const circuit = async () => (await operator.get('/health/ready').expect(200)).body.details.upstreams;
    expect(await circuit()).toEqual({ status: 'up', switch: 'closed' });
    upstream.chat = answers.hang;
    upstream.routes['GET /health'] = answers.hang;
    await fail(504);
    expect(await circuit()).toEqual({ status: 'degraded', switch: expect.stringMatching(/^(open|half-open)$/) });
  });

  it('opens on a gateway that has lost Switch, too', async () => {
    upstream.chat = answers.raw(503, 'text/html', '<h1>no healthy upstream</h1>');
    await fail(502);
    await chat().expect(503);
  });

  it.each([
    ['what the caller did wrong', answers.unprocessable],
    ['a refused token', answers.unauthorized],
    ['a chat that revision A chokes on', answers.plain500],
    ['an answer that is none', answers.html],
    ['too many requests', answers.throttled],
  ])('does not mind %s', async (_name, answer) => {
    upstream.chat = answer;
    for (let i = 0; i < 2 * FAILURES; i++) await chat();
    upstream.chat = answers.echo;
    await chat().expect(200);
  });

  it('does not mind health checks that a busy Switch has no time for', async () => {
    upstream.routes['GET /health'] = answers.hang;
    const gateway = operator.app.get(SwitchGateway, { strict: false });
    for (let i = 0; i < FAILURES; i++) expect(await gateway.health()).toMatchObject({ isHealthy: false });
    await chat().expect(200);
  });

  it('minds failures in a row only', async () => {
    for (let i = 0; i < 2 * FAILURES; i++) {
      upstream.chat = answers.reset;
      await chat().expect(503);
      upstream.chat = answers.echo;
      await chat().expect(200);
    }
  });
});
