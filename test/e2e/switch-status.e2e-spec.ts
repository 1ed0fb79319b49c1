import { FakeSwitch, answers } from '../fakes/fake-switch';
import { expectProblem } from '../support/problem';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

const QUEUE = 'GET /switch/queue/status';
const MODELS = 'GET /switch/models/available';

describe('GET /operator/switch', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;

  beforeEach(async () => {
    upstream = await FakeSwitch.start();
    operator = await createTestApp({ SWITCH_URL: upstream.url, SWITCH_TIMEOUT_MS: '400', SWITCH_TOKEN: 'its-own' });
  });
  afterEach(async () => {
    const { asked } = upstream;
    await operator.close();
    await upstream.stop();
    expect(asked.filter((call) => call.includes('/switch/queue/next'))).toEqual([]);
  });

  it('shows the queue, and not what is asked of it', async () => {
    upstream.routes[QUEUE] = answers.json(200, {
      size: 2,
      items: [
        { priority: 1, payload: { secret: 'x' }, enqueued_at: '2026-11-23T09:30:00', task_id: 'q1' },
        { priority: 0.5, payload: {}, enqueued_at: 1732353000.5, task_id: 7 },
      ],
    });
    const { body } = await operator.get('/operator/switch/queue').expect(200);
    expect(body).toEqual({
      engine: 'vx11',
      size: 2,
      items: [
        { task_id: 'q1', priority: 1, enqueued_at: '2026-11-23T09:30:00' },
        { task_id: '7', priority: 0.5, enqueued_at: '1732353000.5' },
      ],
    });
    expect(upstream.calls).toMatchObject([{ headers: { 'x-vx11-token': 'its-own' } }]);
  });

  it('lists the models', async () => {
    upstream.routes[MODELS] = answers.json(
      200,
      '{"models":[{"name":"general-7b","category":"general","size_mb":4096,"status":"available","warm":true,"last_used":null,"tags":["chat"],"kind":"llm"},{"name":"bare"}],"active":"general-7b","warm":"audio-engineering","cli_registry":[{"name":"gh","bin_path":"/usr/bin/gh","available":true}]}',
    );
    const { body } = await operator.get('/operator/switch/models').expect(200);
    const nothing = { category: null, size_mb: null, status: null, warm: null, tags: [] };
    expect(body).toEqual({
      engine: 'vx11',
      models: [
        { name: 'general-7b', category: 'general', size_mb: 4096, status: 'available', warm: true, tags: ['chat'] },
        { name: 'bare', ...nothing },
      ],
      active: 'general-7b',
      warm: 'audio-engineering',
    });
  });

  it.each(['queue', 'models'])('passes on what is wrong with Switch, for the %s as for a chat', async (what) => {
    const path = `/operator/switch/${what}`;
    const key = what === 'queue' ? QUEUE : MODELS;
    const cases = [
      [answers.unauthorized, 502, 'switch_auth_failed'],
      [answers.forbidden, 502, 'switch_auth_failed'],
      [answers.plain500, 502, 'switch_error'],
      [answers.html, 502, 'switch_bad_reply'],
      [answers.list, 502, 'switch_bad_reply'],
      [answers.null, 502, 'switch_bad_reply'],
      [answers.huge, 502, 'switch_bad_reply'],
      [answers.redirect, 502, 'switch_bad_reply'],
      [answers.json(200, {}), 502, 'switch_bad_reply'],
      [answers.raw(429, 'text/plain', 'later'), 503, 'switch_throttled'],
      [answers.reset, 503, 'switch_unavailable'],
    ] as const;
    for (const [answer, status, error] of cases) {
      upstream.routes[key] = answer;
      expectProblem(await operator.get(path), { status, error, instance: path });
    }
  });

  it('holds one call to a Switch that hangs, whoever asks', async () => {
    upstream.routes[QUEUE] = answers.after(3_000, answers.json(200, '{"size":3,"items":[]}'));
    const asked = Array.from({ length: 100 }, () => operator.get('/operator/switch/queue').then());
    await until(() => upstream.calls.length > 0);
    await operator.chat({ message: 'hello' }).expect(200);
    expect((await Promise.all(asked)).map(({ body }) => body.size)).toEqual(Array(100).fill(3));
    expect(upstream.asked.filter((call) => call === QUEUE)).toHaveLength(1);
  });

  it('shows each queue as it is then, never an older one', async () => {
    for (const size of [1, 2, 3]) {
      upstream.routes[QUEUE] = answers.json(200, { size, items: [] });
      expect((await operator.get('/operator/switch/queue').expect(200)).body.size).toBe(size);
    }
  });

  it('shows what the embedded engine has, which is nothing', async () => {
    const alone = await createTestApp();
    const { body: queue } = await alone.get('/operator/switch/queue').expect(200);
    const { body: models } = await alone.get('/operator/switch/models').expect(200);
    await alone.close();
    expect(queue).toEqual({ engine: 'embedded', size: 0, items: [] });
    expect(models).toEqual({ engine: 'embedded', models: [], active: null, warm: null });
  });

  it('gives up on a Switch that never answers', async () => {
    upstream.routes[QUEUE] = answers.hang;
    const startedAt = performance.now();
    const path = '/operator/switch/queue';
    expectProblem(await operator.get(path), { status: 504, error: 'switch_timeout', instance: path });
    expect(performance.now() - startedAt).toBeLessThan(5_500);
  });
});
