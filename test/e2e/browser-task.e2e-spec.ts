import { readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtifactService } from '../../src/browser/artifacts/artifact.service';
import { FakeSite } from '../fakes/fake-site';
import { runTask } from '../support/browser-task';
import { expectProblem } from '../support/problem';
import { AUTH, type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

const TASK = '/operator/browser/task';
/** Waits until it is told to stop. */
const FOREVER = [{ action: 'wait_for', selector: '#never', timeout_ms: 30_000 }];

describe('Browser tasks', () => {
  let site: FakeSite;
  let operator: TestApp;

  beforeAll(async () => {
    site = await FakeSite.start();
    operator = await createTestApp({
      BROWSER_ALLOW_HOSTS: `127.0.0.1:${site.port}`,
      BROWSER_CONCURRENCY: '2',
      BROWSER_QUEUE: '3',
    });
  });
  afterAll(async () => {
    await operator.close();
    await site.stop();
  });

  const create = (body: object = {}, headers: Record<string, string> = {}) =>
    operator.post(TASK, { url: `${site.url}/other`, ...body }).set(headers);
  const get = async (id: number) => (await operator.get(`${TASK}/${id}`).expect(200)).body;
  const cancel = (id: number) => operator.post(`${TASK}/${id}/cancel`);
  const ended = async (id: number) => {
    await until(async () => !['pending', 'running'].includes((await get(id)).status), 20_000);
    return get(id);
  };
  const running = (id: number) => until(async () => (await get(id)).status === 'running');
  const events = (sessionId: string) =>
    operator.rows<any>(`SELECT seq, type, data FROM operator_event WHERE session_id = '${sessionId}' ORDER BY seq`);
  const types = async (sessionId: string) => (await events(sessionId)).map(({ type }) => type);

  describe('taking one', () => {
    it('answers 202 with where to look, and runs it', async () => {
      const { status, headers, body } = await create({ session_id: 'visits-1' });
      expect(status).toBe(202);
      expect(body).toEqual({
        task_id: expect.any(Number),
        status: 'pending',
        url: `${site.url}/other`,
        session_id: 'visits-1',
      });
      expect(headers.location).toBe(`${TASK}/${body.task_id}`);
      expect(await ended(body.task_id)).toEqual({
        task_id: body.task_id,
        status: 'done',
        url: `${site.url}/other`,
        session_id: 'visits-1',
        tool_call_id: null,
        effects: 'read',
        attempt: 1,
        title: 'Another',
        final_url: `${site.url}/other`,
        text: 'Another page',
        snapshot_url: `${TASK}/${body.task_id}/snapshot`,
        error: null,
        result: {
          engine: 'playwright',
          http_status: 200,
          loaded: true,
          steps: [
            {
              action: 'goto',
              status: 'done',
              started_ms: expect.any(Number),
              duration_ms: expect.any(Number),
              error: null,
              value: { http_status: 200, loaded: true },
            },
          ],
          dialogs: 0,
          popups: 0,
          downloads: 0,
          egress: { requests: 1, bytes: expect.any(Number), refused: {}, refused_hosts: [] },
        },
        artifacts: [
          {
            id: expect.any(Number),
            kind: 'snapshot',
            step: null,
            attempt: 1,
            content_type: 'image/png',
            bytes: expect.any(Number),
            sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
            url: expect.stringMatching(/^\/operator\/artifact\/\d+$/),
            created_at: expect.any(String),
          },
        ],
        created_at: expect.stringMatching(/Z$/),
        executed_at: expect.stringMatching(/Z$/),
        finished_at: expect.stringMatching(/Z$/),
      });
    });

    it('begins a session if it is told none, and says in its events what became of the task', async () => {
      const task = await runTask(operator, { url: `${site.url}/other` });
      expect(task.session_id).toMatch(/^[0-9a-f-]{36}$/);
      await operator.get(`/operator/session/${task.session_id}`).expect(200);
      const found = await events(task.session_id);
      expect(found.map(({ seq, type }) => `${seq} ${type}`)).toEqual([
        '1 session.created',
        '2 browser_task.pending',
        '3 browser_task.running',
        '4 browser_task.done',
      ]);
      expect(JSON.parse(found[3].data)).toEqual({ task_id: task.task_id, attempt: 1 });
    });

    it('waits for its end, as long as it is told', async () => {
      const { status, headers, body } = await create({ session_id: 'waits' }, { Prefer: 'respond-async, wait=20' });
      expect([status, body.status, headers['preference-applied']]).toEqual([200, 'done', 'wait=20']);

      const startedAt = Date.now();
      const early = await create({ session_id: 'waits', actions: FOREVER }, { Prefer: 'wait=1' });
      expect([early.status, Object.keys(early.body)]).toEqual([202, ['task_id', 'status', 'url', 'session_id']]);
      expect(Date.now() - startedAt).toBeLessThan(3_000);
      await cancel(early.body.task_id).expect(200);
    });

    it('takes a request once, whoever repeats it, and says so', async () => {
      const key = { 'Idempotency-Key': 'visit-once' };
      const first = await create({ session_id: 'once' }, key);
      const twins = await Promise.all([create({ session_id: 'once' }, key), create({ session_id: 'once' }, key)]);
      await ended(first.body.task_id);
      const later = await create({ session_id: 'once' }, { ...key, Prefer: 'wait=5' });

      expect([...twins, later].map(({ body }) => body.task_id)).toEqual(Array(3).fill(first.body.task_id));
      expect([...twins, later].map(({ headers }) => headers['idempotency-replayed'])).toEqual(['true', 'true', 'true']);
      expect([first.headers['idempotency-replayed'], later.status, later.body.status]).toEqual([
        undefined,
        200,
        'done',
      ]);
      expectProblem(await create({ session_id: 'another' }, key), {
        status: 422,
        error: 'idempotency_key_reused',
        instance: TASK,
      });
      expect(await operator.rows("SELECT id FROM operator_browser_task WHERE session_id = 'once'")).toHaveLength(1);
    });

    it('takes twenty twins at once for one', async () => {
      const twins = await Promise.all(
        Array.from({ length: 20 }, () => create({ session_id: 'twins' }, { 'Idempotency-Key': 'twins' })),
      );
      expect(new Set(twins.map(({ status, body }) => `${status} ${body.task_id}`)).size).toBe(1);
      await ended(twins[0]!.body.task_id);
    });

    it('hangs it on the tool call that asked for it', async () => {
      const { body: turn } = await operator.chat({ message: '/help', session_id: 'asked' });
      const call = turn.tool_calls[0].id;
      const task = await runTask(operator, { url: `${site.url}/other`, tool_call_id: call });
      expect(task).toMatchObject({ session_id: 'asked', tool_call_id: call });

      const { body: evidence } = await operator.get(`/operator/evidence/artifact/${task.artifacts[0].id}`).expect(200);
      expect(evidence).toMatchObject({
        kind: 'artifact',
        session: { session_id: 'asked' },
        turns: [{ id: turn.turn_id }],
        tool_calls: [{ id: call }],
        browser_tasks: [{ id: task.task_id, status: 'done', attempt: 1, title: 'Another', has_snapshot: true }],
        artifacts: [{ id: task.artifacts[0].id, task_id: task.task_id, sha256: task.artifacts[0].sha256 }],
      });
      for (const address of [
        `turn/${turn.turn_id}`,
        `tool_call/${call}`,
        `browser_task/${task.task_id}`,
        'session/asked',
      ]) {
        const { body } = await operator.get(`/operator/evidence/${address}`).expect(200);
        expect([address, body.artifacts.map(({ id }: any) => id)]).toEqual([address, [task.artifacts[0].id]]);
      }

      expectProblem(await create({ tool_call_id: 2_147_483_647 }), {
        status: 404,
        error: 'tool_call_not_found',
        instance: TASK,
      });
      expectProblem(await create({ tool_call_id: call, session_id: 'waits' }), {
        status: 422,
        error: 'validation_failed',
        instance: TASK,
        fields: ['tool_call_id'],
      });
    });

    it.each<[string, object, string[]]>([
      ['no URL', { url: undefined }, ['url']],
      ['an empty URL', { url: '' }, ['url']],
      ['a URL that is none', { url: 7 }, ['url']],
      ['a session of a strange name', { session_id: 'a b' }, ['session_id']],
      ['a tool call of no number', { tool_call_id: 'x' }, ['tool_call_id']],
      ['actions that are no list', { actions: 7 }, ['actions']],
      ['too many actions', { actions: Array(51).fill({ action: 'pdf' }) }, ['actions']],
      ['an unknown action', { actions: [{ action: 'dance' }] }, ['actions.0.action']],
      ['an action that is none', { actions: ['click'] }, ['actions.0']],
      [
        'an action without what it needs',
        { actions: [{ action: 'pdf' }, { action: 'click' }] },
        ['actions.1.selector'],
      ],
      ['a fill without a value', { actions: [{ action: 'fill', selector: '#a' }] }, ['actions.0.value']],
      ['a key that is none', { actions: [{ action: 'press', key: 7 }] }, ['actions.0.key']],
      ['a state that is none', { actions: [{ action: 'wait_for', selector: 'a', state: 'x' }] }, ['actions.0.state']],
      ['a step without end', { actions: [{ action: 'pdf', timeout_ms: 120_001 }] }, ['actions.0.timeout_ms']],
      ['a task without end', { limits: { max_ms: 120_001 } }, ['limits.max_ms']],
      ['a limit of nothing', { limits: { max_bytes: 0 } }, ['limits.max_bytes']],
      ['limits that are none', { limits: 5 }, ['limits']],
      ['a capture that is none', { capture: { text: 'yes' } }, ['capture.text']],
      ['effects that are none', { effects: 'some' }, ['effects']],
    ])('refuses %s, and stores nothing', async (_, body, fields) => {
      const before = await operator.rows('SELECT COUNT(*) AS n FROM operator_browser_task');
      expectProblem(await create(body), { status: 422, error: 'validation_failed', instance: TASK, fields });
      expect(await operator.rows('SELECT COUNT(*) AS n FROM operator_browser_task')).toEqual(before);
    });

    it('leaves out what an action does not know', async () => {
      const task = await runTask(operator, {
        url: `${site.url}/other`,
        actions: [{ action: 'extract_text', url: 7, script: 'x', key: null, whatever: 1 }],
      });
      expect(task.result.steps[1]).toMatchObject({ action: 'extract_text', status: 'done', value: 'Another page' });
    });

    it('refuses a URL that the browser may not open, also one that it would get to later', async () => {
      const { status, body } = await create({ url: 'http://10.0.0.1/' });
      expect([status, body.error, body.reason]).toEqual([403, 'url_not_allowed', 'private']);
      const later = await create({ actions: [{ action: 'goto', url: 'file:///etc/passwd' }] });
      expect([later.status, later.body.error, later.body.reason]).toEqual([403, 'url_not_allowed', 'scheme']);
    });

    it('refuses JavaScript of one’s own, unless it is switched on', async () => {
      const { status, body } = await create({ actions: [{ action: 'evaluate', script: '1' }] });
      expect([status, body.error]).toEqual([403, 'script_not_allowed']);
    });

    it('wants a token', async () => {
      await operator
        .post(TASK, {})
        .set({ ...AUTH, 'X-VX11-Token': 'wrong' })
        .expect(403);
      for (const path of [`${TASK}/1`, `${TASK}/1/snapshot`, '/operator/artifact/1', '/operator/browser/tasks']) {
        expect((await fetch(operator.url + path)).status).toBe(401);
      }
    });
  });

  describe('a queue', () => {
    it('takes so many, says when there is room, and begins what waits in order', async () => {
      const bodies: any[] = [];
      for (let n = 0; n < 5; n++) {
        bodies.push((await create({ session_id: 'line', actions: FOREVER }).expect(202)).body);
        if (n < 2) await running(bodies[n].task_id);
      }
      const refused = await create({ session_id: 'line' });
      expectProblem(refused, { status: 429, error: 'queue_full', instance: TASK });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);

      const { body: status } = await operator.get('/operator/browser/status').expect(200);
      expect(status).toMatchObject({
        engine: 'playwright',
        available: true,
        reason: null,
        running: 2,
        queued: 3,
        rejected: 1,
        limits: { concurrency: 2, queue: 3, max_ms: 30_000 },
        browsers: [{ running: 2, retiring: false, version: expect.stringMatching(/^\d+\./) }],
      });
      await until(async () => (await operator.get('/operator/browser/status')).body.browsers[0].memory_mb > 50);
      const metrics = (await operator.get('/metrics')).text;
      expect(metrics).toMatch(/^operator_browser_tasks_running 2$/m);
      expect(metrics).toMatch(/^operator_browser_tasks_waiting 3$/m);
      expect(metrics).toMatch(/^operator_browser_tasks_rejected_total 1$/m);
      expect((await operator.get('/health/ready')).body.details.browser).toEqual({
        status: 'up',
        engine: 'playwright',
        running: 2,
      });

      const [a, b, c, d, e] = bodies.map(({ task_id }) => task_id as number);
      const waiting = await cancel(d!).expect(200);
      expect(waiting.body).toMatchObject({ status: 'cancelled', attempt: 0, executed_at: null });
      expect(waiting.body.finished_at).not.toBeNull();
      await cancel(a!).expect(200);
      await running(c!);
      expect((await get(e!)).status).toBe('pending');
      for (const id of [b!, c!, e!]) await cancel(id).expect(200);
      const begun = (await events('line'))
        .filter(({ type }) => type === 'browser_task.running')
        .map(({ data }) => JSON.parse(data).task_id);
      expect(begun.slice(0, 3)).toEqual([a, b, c]);
      expect(begun).not.toContain(d);
    });
  });

  describe('cancelling', () => {
    it('what runs, with what was found until then', async () => {
      const { body } = await create({ session_id: 'cancels', actions: FOREVER });
      await running(body.task_id);
      await until(() => site.paths.at(-1) === '/other');
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const waiter = operator.get(`${TASK}/${body.task_id}`);
      const startedAt = Date.now();
      expect((await cancel(body.task_id).expect(200)).body).toMatchObject({ status: 'cancelled', error: null });
      expect(Date.now() - startedAt).toBeLessThan(1_000);
      await waiter;
      await until(async () => (await get(body.task_id)).result !== null);
      expect(await get(body.task_id)).toMatchObject({
        status: 'cancelled',
        result: {
          http_status: 200,
          steps: [
            { action: 'goto', status: 'done' },
            { action: 'wait_for', status: 'interrupted' },
          ],
        },
      });
      expect(await types('cancels')).toEqual([
        'session.created',
        'browser_task.pending',
        'browser_task.running',
        'browser_task.cancelled',
      ]);
    });

    it('twice is once', async () => {
      const { body } = await create({ session_id: 'cancels-twice', actions: FOREVER });
      const answers = await Promise.all([cancel(body.task_id), cancel(body.task_id), cancel(body.task_id)]);
      expect(answers.map(({ status, body: task }) => `${status} ${task.status}`)).toEqual(
        Array(3).fill('200 cancelled'),
      );
      expect((await types('cancels-twice')).filter((type) => type === 'browser_task.cancelled')).toHaveLength(1);
    });

    it('what has ended is refused', async () => {
      const task = await runTask(operator, { url: `${site.url}/other` });
      const { status, body } = await cancel(task.task_id);
      expect([status, body.error, body.task_status]).toEqual([409, 'browser_task_finished', 'done']);
    });

    it.each(['0', 'x', '2147483648'])('and reading: %s is no id', async (id) => {
      await operator.get(`${TASK}/${id}`).expect(422);
      await cancel(id as never).expect(422);
      await operator.get(`${TASK}/${id}/snapshot`).expect(422);
      await operator.get(`/operator/artifact/${id}`).expect(422);
    });

    it('what is not there is 404', async () => {
      for (const path of [`${TASK}/2147483647`, `${TASK}/2147483647/snapshot`]) {
        expectProblem(await operator.get(path), { status: 404, error: 'browser_task_not_found', instance: path });
      }
      await cancel(2_147_483_647).expect(404);
      for (const id of ['2147483647', 'f'.repeat(64)]) {
        const path = `/operator/artifact/${id}`;
        expectProblem(await operator.get(path), { status: 404, error: 'artifact_not_found', instance: path });
      }
    });
  });

  it('lists tasks, the newest first, page by page, by session, tool call and status', async () => {
    const ids: number[] = [];
    for (let n = 0; n < 3; n++)
      ids.unshift((await runTask(operator, { url: `${site.url}/other`, session_id: 'listed' })).task_id);
    const broken = await runTask(operator, { url: `${site.url}/reset`, session_id: 'listed' });

    const first = (await operator.get('/operator/browser/tasks?session_id=listed&limit=2').expect(200)).body;
    const second = (await operator.get(`/operator/browser/tasks?session_id=listed&limit=2&cursor=${first.next_cursor}`))
      .body;
    expect([...first.items, ...second.items].map(({ task_id }) => task_id)).toEqual([broken.task_id, ...ids]);
    expect(second.next_cursor).toBeNull();
    expect(first.items[1]).toEqual({
      ...Object.fromEntries(Object.keys(first.items[1]).map((key) => [key, expect.anything()])),
      task_id: ids[0],
      status: 'done',
      tool_call_id: null,
      error: null,
    });
    const failed = (await operator.get('/operator/browser/tasks?session_id=listed&status=error')).body.items;
    expect(failed).toMatchObject([{ task_id: broken.task_id, error: { error: 'navigation_failed' } }]);
    expect((await operator.get('/operator/browser/tasks?tool_call_id=2147483647')).body.items).toEqual([]);
    for (const query of ['limit=0', 'limit=201', 'cursor=x', 'status=x', 'tool_call_id=x']) {
      await operator.get(`/operator/browser/tasks?${query}`).expect(422);
    }
  });

  describe('what a task keeps', () => {
    const folder = () => join(operator.dataDir, 'artifacts');
    const file = async (id: number) => {
      const [row] = await operator.rows<any>(`SELECT file_name FROM operator_artifact WHERE id = ${id}`);
      return join(folder(), row.file_name);
    };

    it('is erased with its session, what still runs there too', async () => {
      const task = await runTask(operator, { url: `${site.url}/other`, session_id: 'erased' });
      const { body: other } = await create({ session_id: 'erased', actions: FOREVER });
      await running(other.task_id);
      const path = await file(task.artifacts[0].id);
      readFileSync(path);
      await operator.delete('/operator/session/erased').expect(204);
      expect(() => readFileSync(path)).toThrow(/ENOENT/);
      await operator.get(task.artifacts[0].url).expect(404);
      await operator.get(`${TASK}/${other.task_id}`).expect(404);
      await until(async () => (await operator.get('/operator/browser/status')).body.running === 0);
    });

    it('is handed out as it was kept, or not at all', async () => {
      const task = await runTask(operator, { url: `${site.url}/other` });
      const path = await file(task.artifacts[0].id);
      writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('x')]));
      const { status, body } = await operator.get(task.snapshot_url);
      expect([status, body.error, body.artifact_id]).toEqual([500, 'artifact_damaged', task.artifacts[0].id]);
      rmSync(path);
      await operator.get(task.snapshot_url).expect(404);
    });

    it('not at all on a full disk: the task says so, and what was found is there', async () => {
      const before = readdirSync(folder());
      const probe = await open(__filename);
      const write = jest
        .spyOn(Object.getPrototypeOf(probe), 'writeFile')
        .mockRejectedValueOnce(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
      await probe.close();
      const task = await runTask(operator, { url: `${site.url}/other` });
      write.mockRestore();
      expect(task).toMatchObject({
        status: 'error',
        title: 'Another',
        text: 'Another page',
        error: { error: 'artifact_not_kept', detail: 'The snapshot could not be kept: the disk is full.' },
      });
      expect(readdirSync(folder()).length - before.length).toBe(task.artifacts.length);
      expect(await runTask(operator, { url: `${site.url}/other` })).toMatchObject({ status: 'done' });
    });
  });
});

describe('Browser tasks, otherwise configured', () => {
  let site: FakeSite;
  let operator: TestApp;
  beforeAll(async () => {
    site = await FakeSite.start();
  });
  afterEach(() => operator.close());
  afterAll(() => site.stop());

  const start = async (env: Record<string, string>) =>
    (operator = await createTestApp({ BROWSER_ALLOW_HOSTS: `127.0.0.1:${site.port}`, ...env }));

  it('without a Chromium are refused with what helps, and nothing else is', async () => {
    await start({ BROWSER_EXECUTABLE_PATH: '/nowhere/chromium' });
    const answer = await operator.post(TASK, { url: site.url });
    expectProblem(answer, { status: 503, error: 'browser_unavailable', instance: TASK });
    expect(answer.body.detail).toBe('BROWSER_EXECUTABLE_PATH names no program that can be run.');
    expect(answer.headers['retry-after']).toBe('30');
    const { status, body } = await operator.get('/health/ready');
    expect([status, body.status, body.details.browser.status]).toEqual([200, 'degraded', 'degraded']);
    expect((await operator.get('/operator/browser/status')).body).toMatchObject({ available: false, browsers: [] });
    await operator.chat({ message: '/help' }).expect(200);
  });

  it('with a Chromium that does not start end as errors', async () => {
    await start({ BROWSER_EXECUTABLE_PATH: '/bin/false' });
    expect(await runTask(operator, { url: site.url })).toMatchObject({
      status: 'error',
      error: { error: 'browser_unavailable', detail: 'Chromium cannot start; the log says why.' },
    });
    await operator.post(TASK, { url: site.url }).expect(503);
  });

  it('with the stub say that it is one', async () => {
    await start({ BROWSER_IMPL: 'stub' });
    const task = await runTask(operator, { url: 'https://example.com', actions: [{ action: 'click', selector: 'a' }] });
    expect(task).toMatchObject({
      status: 'done',
      title: null,
      text: null,
      snapshot_url: null,
      result: { engine: 'stub' },
    });
    for (const { value } of task.result.steps) expect(value).toMatch(/stub did nothing/);
    expect((await operator.get('/operator/browser/status')).body).toMatchObject({ engine: 'stub', browsers: [] });
  });

  it('replace the browser after so many, and nobody notices', async () => {
    await start({ BROWSER_RECYCLE_TASKS: '3', BROWSER_CONCURRENCY: '2' });
    const tasks = await Promise.all(Array.from({ length: 8 }, () => runTask(operator, { url: `${site.url}/other` })));
    const ends = tasks.map(({ status, attempt, error }) => ({ status, attempt, error }));
    expect(ends).toEqual(Array(8).fill({ status: 'done', attempt: 1, error: null }));
    const browsers = async () => (await operator.get('/operator/browser/status')).body;
    expect(await browsers()).toMatchObject({ recycled: 2, crashed: 0 });
    await until(async () => (await browsers()).browsers.length === 1);
  });

  it('keep artifacts for a time, and no file that nobody knows of', async () => {
    await start({ ARTIFACT_TTL_H: '1' });
    const [old, young] = [
      await runTask(operator, { url: `${site.url}/other` }),
      await runTask(operator, { url: `${site.url}/other` }),
    ];
    await operator.rows(
      `UPDATE operator_artifact SET created_at = '2026-01-01 00:00:00.000000' WHERE task_id = ${old.task_id}`,
    );
    const folder = join(operator.dataDir, 'artifacts');
    const orphan = join(folder, 'left-by-a-crash');
    writeFileSync(orphan, 'x');
    utimesSync(orphan, 0, 0);
    // As it does every ten minutes.
    operator.app.get(ArtifactService).onApplicationBootstrap();
    await until(() => readdirSync(folder).length === 1);
    await operator.get(old.artifacts[0].url).expect(404);
    expect((await operator.get(`${TASK}/${old.task_id}`)).body).toMatchObject({
      status: 'done',
      snapshot_url: null,
      artifacts: [],
    });
    await operator.get(young.snapshot_url).expect(200);
  });

  it('keep artifacts within their room, the oldest go first', async () => {
    await start({ ARTIFACT_QUOTA_MB: '1', BROWSER_CONCURRENCY: '1' });
    site.pages['/noise'] = (_, response) => {
      response.setHeader('Content-Type', 'text/html').end(`<canvas width="400" height="200"></canvas><script>
        const context = document.querySelector('canvas').getContext('2d');
        const image = context.createImageData(400, 200);
        for (let n = 0; n < image.data.length; n++) image.data[n] = n % 4 === 3 ? 255 : Math.random() * 256;
        context.putImageData(image, 0, 0);
      </script>`);
    };
    const tasks = [];
    for (let n = 0; n < 12; n++) tasks.push(await runTask(operator, { url: `${site.url}/noise`, session_id: 'room' }));
    const total = (await operator.get('/operator/browser/status')).body.artifacts_mb;
    expect(total).toBeGreaterThan(0.3);
    expect(total).toBeLessThanOrEqual(1);
    await operator.get(tasks[0].artifacts[0].url).expect(404);
    expect((await operator.get(`${TASK}/${tasks[0].task_id}`)).body.snapshot_url).toBeNull();
    await operator.get(tasks.at(-1).snapshot_url).expect(200);
    const files = readdirSync(join(operator.dataDir, 'artifacts'));
    expect(files).toHaveLength((await operator.rows('SELECT id FROM operator_artifact')).length);
  });
});
