import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { FakeSite } from '../fakes/fake-site';
import { OperatorProcess } from '../support/operator-process';
import { TOKEN } from '../support/test-app';
import { until } from '../support/until';

const TASK = '/operator/browser/task';

// Browsers are slow where others work too.
jest.setTimeout(90_000);

describe('Processes', () => {
  let site: FakeSite;
  let folder: string;
  let operator: OperatorProcess;
  let asked: number;

  beforeAll(async () => {
    site = await FakeSite.start();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'operator-test-'));
    asked = 0;
    // Says nothing to the first who asks.
    site.pages['/second'] = (_, response) =>
      void (++asked > 1 && response.setHeader('Content-Type', 'text/html').end('<title>Second</title><h1>Second</h1>'));
    operator = await start();
  });
  afterEach(async () => {
    await operator.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  afterAll(() => site.stop());

  const start = (env: Record<string, string> = {}) =>
    OperatorProcess.start(
      {
        DATA_DIR: join(folder, 'data'),
        TMPDIR: folder,
        VX11_OPERATOR_TOKEN: TOKEN,
        BROWSER_ALLOW_HOSTS: `127.0.0.1:${site.port}`,
        BROWSER_CONCURRENCY: '2',
        ...env,
      },
      folder,
    );
  const call = (method: 'get' | 'post', path: string, body?: object) =>
    request(operator.url)[method](path).set('X-VX11-Token', TOKEN).send(body);
  const create = async (path: string, more: object = {}): Promise<number> =>
    (await call('post', TASK, { url: site.url + path, ...more }).expect(202)).body.task_id;
  const get = async (id: number) => (await call('get', `${TASK}/${id}`).expect(200)).body;
  const status = async () => (await call('get', '/operator/browser/status').expect(200)).body;
  const ended = async (id: number) => {
    await until(async () => !['pending', 'running'].includes((await get(id)).status), 20_000);
    return get(id);
  };
  const folders = () => readdirSync(folder).filter((name) => name.startsWith('operator-browser-'));
  /** Processes that name the folder of a browser of ours, by their arguments or their environment. */
  const ours = () =>
    execFileSync('ps', ['eww', '-eo', 'pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(join(folder, 'operator-browser-')));

  it('kill -9 of the service: what waits runs, what reads runs again, what writes does not, and no browser is left', async () => {
    const reading = await create('/second', { session_id: 'killed' });
    const writing = await create('/other', {
      effects: 'write',
      session_id: 'killed',
      actions: [
        { action: 'screenshot' },
        { action: 'click', selector: 'h1' },
        { action: 'wait_for', selector: '#never', timeout_ms: 20_000 },
      ],
    });
    const waiting = await create('/other', { session_id: 'killed' });
    await until(async () => asked === 1 && (await get(writing)).result?.steps.length === 4, 10_000);
    expect((await get(waiting)).status).toBe('pending');
    expect(ours().length).toBeGreaterThan(3);

    await operator.end('SIGKILL');
    await until(() => ours().length === 0 && folders().length === 0, 10_000);

    operator = await start();
    expect(await get(writing)).toMatchObject({
      status: 'unknown_outcome',
      attempt: 1,
      error: { error: 'interrupted' },
      result: {
        steps: [
          { action: 'goto', status: 'done' },
          { action: 'screenshot', status: 'done' },
          { action: 'click', status: 'done' },
          { action: 'wait_for', status: 'interrupted' },
        ],
      },
      artifacts: [{ kind: 'screenshot', step: 1, attempt: 1 }],
    });
    expect(await ended(reading)).toMatchObject({ status: 'done', attempt: 2, title: 'Second', error: null });
    expect(await ended(waiting)).toMatchObject({ status: 'done', attempt: 1 });
    expect(asked).toBe(2);
    expect(site.paths.filter((path) => path === '/other')).toHaveLength(2);
  });

  it('kill -9 of the service again and again: a task is not begun a third time', async () => {
    const task = await create('/silent');
    for (let attempt = 1; attempt <= 2; attempt++) {
      await until(async () => (await get(task)).attempt === attempt && (await status()).browsers[0]?.pid > 0, 10_000);
      await operator.end('SIGKILL');
      operator = await start();
    }
    expect(await ended(task)).toMatchObject({ status: 'error', attempt: 2, error: { error: 'interrupted' } });
  });

  it('kill -9 of the service while its browser cannot move: it is ended all the same', async () => {
    await create('/loop');
    await until(async () => (await status()).browsers[0]?.pid > 0, 10_000);
    const { pid } = (await status()).browsers[0];
    process.kill(-pid, 'SIGSTOP');
    await operator.end('SIGKILL');
    await until(() => ours().length === 0 && folders().length === 0, 10_000);
  });

  it('kill -9 of a worker: its tasks are tried again, its browser is gone', async () => {
    const task = await create('/second');
    await until(() => asked === 1);
    const [worker] = ours().filter((line) => line.includes('playwright/worker.js'));
    process.kill(Number(worker!.trim().split(' ')[0]), 'SIGKILL');
    expect(await ended(task)).toMatchObject({ status: 'done', attempt: 2 });
    expect(await status()).toMatchObject({ crashed: 1, browsers: [{ tasks_done: 1 }] });
    expect(folders()).toHaveLength(1);
  });

  it('SIGTERM: what reads is given back, what writes may end, and nothing is left', async () => {
    site.page(
      '/soon',
      '<script>setTimeout(() => document.body.insertAdjacentHTML("beforeend", "<p id=soon>"), 1500)</script>',
    );
    const reading = await create('/second');
    const writing = await create('/soon', {
      effects: 'write',
      actions: [{ action: 'wait_for', selector: '#soon', state: 'attached' }],
    });
    await until(async () => asked === 1 && (await get(writing)).result?.steps.length === 2, 10_000);
    const startedAt = Date.now();
    expect(await operator.end('SIGTERM')).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(8_000);
    expect(ours()).toEqual([]);
    expect(folders()).toEqual([]);

    operator = await start();
    expect(await get(writing)).toMatchObject({ status: 'done', attempt: 1 });
    expect(await ended(reading)).toMatchObject({ status: 'done', attempt: 2 });
  });

  it('a task that writes longer than the drain lasts ends as one of which nobody knows', async () => {
    await operator.end('SIGTERM');
    operator = await start({ DRAIN_TIMEOUT_MS: '500' });
    const task = await create('/other', { effects: 'write', actions: [{ action: 'wait_for', selector: '#never' }] });
    await until(async () => (await get(task)).result?.steps.length === 2, 10_000);
    expect(await operator.end('SIGTERM')).toBe(0);
    operator = await start();
    expect(await get(task)).toMatchObject({ status: 'unknown_outcome', attempt: 1, error: { error: 'interrupted' } });
  });
});
