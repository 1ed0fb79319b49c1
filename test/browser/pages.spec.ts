import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { FakeSite } from '../fakes/fake-site';
import { SELF_SIGNED } from '../fakes/self-signed';
import { runTask, tookMs } from '../support/browser-task';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

/** What a task may outlast its deadline. */
const GRACE_MS = 2_000;

// Browsers are slow where others work too.
jest.setTimeout(90_000);

describe('Pages', () => {
  let site: FakeSite;
  let operator: TestApp;

  beforeAll(async () => {
    site = await FakeSite.start();
    operator = await createTestApp({
      BROWSER_ALLOW_HOSTS: `127.0.0.1:${site.port}`,
      BROWSER_CONCURRENCY: '3',
      BROWSER_MEMORY_MB: '900',
      BROWSER_ALLOW_SCRIPT: 'true',
      BROWSER_TASK_MAX_MB: '4',
    });
  });
  afterAll(async () => {
    await operator.close();
    await site.stop();
  });

  const visit = (path: string, more: object = {}) => runTask(operator, { url: `${site.url}${path}`, ...more });
  const status = async () => (await operator.get('/operator/browser/status').expect(200)).body;

  describe('of the ordinary kind', () => {
    it('are opened, read and pictured', async () => {
      const task = await visit('/');
      expect(task).toMatchObject({ status: 'done', title: 'Hello page', attempt: 1, error: null, effects: 'read' });
      expect(task.final_url).toBe(`${site.url}/`);
      expect(task.text).toMatch(/^Hello\n\nSome bold text with a link\./);
      expect(task.result).toMatchObject({
        engine: 'playwright',
        http_status: 200,
        loaded: true,
        dialogs: 0,
        popups: 0,
      });
      const png = await operator.get(task.snapshot_url).expect(200);
      expect(png.headers['content-type']).toBe('image/png');
      expect(sizeOf(png.body)).toEqual({ width: 1280, height: 720 });
    });

    it.each([
      ['/404', { http_status: 404 }, 'Gone', 'Not here.'],
      ['/500', { http_status: 500 }, 'Oops', 'Broken.'],
      ['/login', { http_status: 401 }, 'Who?', 'Log in.'],
      ['/moved', { http_status: 200 }, 'Another', 'Another page'],
      ['/forged', { http_status: 403 }, 'Mine', 'My own 403.'],
      ['/xml', { http_status: 200 }, null, 'in xml'],
      ['/print', { http_status: 200 }, 'A page', 'before\nafter'],
      ['/to-file', { http_status: 200 }, 'A page', 'before\nafter'],
      ['/data', { http_status: 200 }, 'A page', 'before\nafter'],
      ['/dialogs', { dialogs: 3 }, 'A page', 'before\nafter'],
      ['/nul', {}, 'A page', 'a\ufffdb'],
    ])('%s is what it is', async (path, result, title, text) => {
      const task = await visit(path);
      expect(task).toMatchObject({ status: 'done', result });
      if (title !== null) expect(task.title).toBe(title);
      expect(task.text.replaceAll('\n\n', '\n')).toContain(text);
    });

    it('are done what is asked, step by step', async () => {
      const task = await visit('/', {
        capture: { full_page: true },
        actions: [
          { action: 'wait_for', selector: 'h1' },
          { action: 'fill', selector: 'input[name=name]', value: 'secret-4711' },
          { action: 'select', selector: 'select', value: 'l' },
          { action: 'scroll', y: 500 },
          { action: 'scroll', selector: '#end' },
          { action: 'extract_text', selector: 'h1' },
          { action: 'extract_links' },
          { action: 'extract_markdown' },
          { action: 'extract_markdown', selector: 'article p b' },
          { action: 'evaluate', script: 'Promise.resolve({ inputs: document.querySelectorAll("input").length })' },
          { action: 'screenshot', selector: 'h1' },
          { action: 'screenshot', full_page: true },
          { action: 'pdf' },
          { action: 'click', selector: 'role=button[name="Send"]' },
          { action: 'press', key: 'End' },
          { action: 'goto', url: `${site.url}/late` },
          { action: 'wait_for', selector: '#late', timeout_ms: 5_000 },
        ],
      });
      expect(task).toMatchObject({ status: 'done', effects: 'write', final_url: `${site.url}/late` });
      expect(task.result.steps.map(({ action, status }: any) => `${action} ${status}`)).toEqual(
        ['goto', 'wait_for', 'fill', 'select', 'scroll', 'scroll', 'extract_text', 'extract_links', 'extract_markdown']
          .concat(
            'extract_markdown',
            'evaluate',
            'screenshot',
            'screenshot',
            'pdf',
            'click',
            'press',
            'goto',
            'wait_for',
          )
          .map((action) => `${action} done`),
      );
      const values = task.result.steps.map(({ value }: any) => value);
      expect(values[4]).toEqual({ y: 500 });
      expect(values[6]).toBe('Hello');
      expect(values[7]).toEqual([{ text: 'a link', href: `${site.url}/other` }]);
      expect(values[8]).toMatch(/^# Hello page\n\n[^]*Some \*\*bold\*\* text with \[a link\]/);
      expect(values[9]).toBe('**bold**');
      expect(values[10]).toEqual({ inputs: 1 });
      expect(site.paths).toContain('/sent?name=secret-4711&size=l');
      expect(JSON.stringify(task)).not.toContain('secret-4711');

      expect(task.artifacts.map(({ kind, step }: any) => [kind, step])).toEqual([
        ['screenshot', 11],
        ['screenshot', 12],
        ['pdf', 13],
        ['snapshot', null],
      ]);
      const [element, whole, pdf] = await Promise.all(
        task.artifacts.map(({ url }: any) => operator.get(url).buffer(true).parse(asBuffer).expect(200)),
      );
      expect(sizeOf(element.body).height).toBeLessThan(100);
      expect(sizeOf(whole.body).height).toBeGreaterThan(3_000);
      expect(pdf.body.subarray(0, 5).toString()).toBe('%PDF-');
    });

    it('may be large: ten thousand elements, and text of which the answer shows the beginning', async () => {
      expect(await visit('/nodes')).toMatchObject({ status: 'done', title: 'Ten thousand' });

      const task = await visit('/long', { limits: { text_bytes: 1_001 } });
      expect(Buffer.byteLength(task.text)).toBe(1_000);
      const { url, bytes, sha256 } = task.artifacts.find(({ kind }: any) => kind === 'text');
      const whole = await operator.get(url).buffer(true).parse(asBuffer).expect(200);
      expect(whole.body.toString()).toBe('ä'.repeat(100_000));
      expect(whole.headers).toMatchObject({
        'content-disposition': expect.stringMatching(/^attachment; filename="text-\d+\.txt"$/),
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
        'content-length': String(bytes),
      });
      expect((await operator.get(`/operator/artifact/${sha256}`).expect(200)).headers.etag).toBe(`"${sha256}"`);
    });

    it('are captured as asked, or not at all', async () => {
      const task = await visit('/', { capture: { text: false, screenshot: false } });
      expect(task).toMatchObject({
        status: 'done',
        title: 'Hello page',
        text: null,
        snapshot_url: null,
        artifacts: [],
      });
      const { body } = await operator.get(`/operator/browser/task/${task.task_id}/snapshot`).expect(404);
      expect(body).toMatchObject({ error: 'snapshot_not_found', task_status: 'done' });
    });
  });

  describe('that cannot be opened', () => {
    it.each([
      ['/circle', 'navigation_failed', /too many redirects/],
      ['/reset', 'navigation_failed', /unreachable/],
      ['/download', 'download_refused', /download/],
      ['/file.pdf', 'download_refused', /download/],
      ['/large', 'over_budget', /byte budget/],
      ['/blob', 'url_not_allowed', /may not be opened/],
    ])('%s: the task says so', async (path, error, detail) => {
      const task = await visit(path);
      expect(task).toMatchObject({
        status: 'error',
        attempt: 1,
        error: { error, detail: expect.stringMatching(detail) },
      });
    });

    it('a certificate that nobody trusts: the task says so', async () => {
      let asked = 0;
      const server = createServer(SELF_SIGNED, (_, response) => void response.end(String(++asked)));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const trusting = await createTestApp({ BROWSER_ALLOW_HOSTS: `127.0.0.1:${port}` });
      const task = await runTask(trusting, { url: `https://127.0.0.1:${port}/` });
      await trusting.close();
      server.close();
      expect(task).toMatchObject({
        status: 'error',
        error: { error: 'navigation_failed', detail: 'The page could not be opened: cert authority invalid.' },
      });
      expect(asked).toBe(0);
    });

    it('more requests than it may make: the task says so, and shows what had come', async () => {
      const images = Array.from({ length: 9 }, (_, index) => `<img src="/other?${index}">`);
      site.page('/images', `<h1>Images</h1>${images.join('')}`);
      const task = await visit('/images', { limits: { max_requests: 4 } });
      expect(task).toMatchObject({
        status: 'error',
        error: { error: 'over_budget', detail: expect.stringMatching(/request budget/) },
        result: { egress: { requests: 4, refused: { request_budget: expect.any(Number) } } },
      });
      expect(task.text).toBe('Images');
    });

    it('no server: the task says so', async () => {
      const gone = await FakeSite.start();
      const { url, port } = gone;
      await gone.stop();
      const lonely = await createTestApp({ BROWSER_ALLOW_HOSTS: `127.0.0.1:${port}` });
      const task = await runTask(lonely, { url });
      await lonely.close();
      expect(task).toMatchObject({
        status: 'error',
        error: { error: 'navigation_failed', detail: 'The page could not be opened: unreachable.' },
      });
    });
  });

  describe('that do not end by themselves end within two seconds of the deadline', () => {
    it.each([
      ['/loop', 'timeout'],
      ['/alerts', 'timeout'],
      ['/silent', 'timeout'],
    ])('%s', async (path, expected) => {
      const task = await visit(path, { limits: { max_ms: 1_500 } });
      expect(task.status).toBe(expected);
      expect(tookMs(task)).toBeLessThan(1_500 + GRACE_MS);
    });

    it.each([
      ['/endless', 'Endless', 'So far'],
      ['/restless', 'Restless', 'Restless'],
    ])('%s: read as far as it has come', async (path, title, text) => {
      const task = await visit(path, { limits: { max_ms: 3_000 } });
      expect(task).toMatchObject({ status: 'done', title, result: { loaded: false } });
      expect(task.text).toContain(text);
      expect(task.snapshot_url).not.toBeNull();
      expect(tookMs(task)).toBeLessThan(3_000 + GRACE_MS);
    });

    it('windows without end, each closed, and then the page', async () => {
      const task = await visit('/popups', { actions: [{ action: 'wait_for', selector: '#never' }] });
      expect(task).toMatchObject({
        status: 'error',
        error: { error: 'over_budget', detail: 'The page opened too many windows.' },
      });
      expect(task.result.popups).toBeGreaterThan(20);
      expect(tookMs(task)).toBeLessThan(10_000);
    });

    it('a step that waits for what never comes, with what was found until then', async () => {
      const task = await visit('/', { actions: [{ action: 'click', selector: '#nowhere', timeout_ms: 300 }] });
      expect(task).toMatchObject({ status: 'error', title: 'Hello page', error: { error: 'step_failed' } });
      expect(task.error.detail).toMatch(/^click: Timeout 300ms exceeded/);
      expect(task.text).toContain('Some bold text');
      expect(task.snapshot_url).not.toBeNull();
      expect(task.result.steps).toMatchObject([
        { action: 'goto', status: 'done' },
        { action: 'click', status: 'error', error: expect.stringMatching(/Timeout/) },
      ]);
    });
  });

  describe('that take the browser along', () => {
    it('more memory than there is for one: the page is ended, and it is not tried again', async () => {
      const task = await visit('/hog', { actions: [{ action: 'wait_for', selector: '#never', timeout_ms: 20_000 }] });
      expect(task).toMatchObject({
        status: 'error',
        attempt: 1,
        error: { error: 'page_crashed', detail: 'The page crashed: memory.' },
      });
      expect(await visit('/')).toMatchObject({ status: 'done' });
    });

    it('a message of hundreds of megabytes ends a worker, is tried once more, and takes nothing else along', async () => {
      const roomy = await createTestApp({ BROWSER_ALLOW_HOSTS: `127.0.0.1:${site.port}`, BROWSER_MEMORY_MB: '10000' });
      const before = process.memoryUsage().rss;
      const task = await runTask(roomy, { url: `${site.url}/shout` });
      expect(task).toMatchObject({ status: 'error', attempt: 2, error: { error: 'browser_crashed' } });
      expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
      expect(await runTask(roomy, { url: site.url })).toMatchObject({ status: 'done' });
      await roomy.close();
    }, 60_000);

    it('a renderer that dies is tried once more', async () => {
      const running = visit('/silent', { limits: { max_ms: 10_000 } });
      site.pages['/dies'] = (_, response) => void response.setHeader('Content-Type', 'text/html').end('<h1>alive</h1>');
      const dying = visit('/dies', { actions: [{ action: 'wait_for', selector: '#never', timeout_ms: 8_000 }] });
      await until(() => site.paths.includes('/dies'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const { pid } of (await status()).browsers) killRenderers(pid);
      await until(() => site.paths.filter((path) => path === '/dies').length === 2, 10_000);
      await new Promise((resolve) => setTimeout(resolve, 500));
      for (const { pid } of (await status()).browsers) killRenderers(pid);
      expect(await dying).toMatchObject({ attempt: 2, status: 'error', error: { error: 'page_crashed' } });
      await running;
    });

    it('a browser that does not answer any more is killed within two seconds of the deadline', async () => {
      const { crashed } = await status();
      const task = visit('/silent', { limits: { max_ms: 2_000 }, effects: 'write' });
      await until(async () => (await status()).running === 1 && (await status()).browsers[0]?.pid > 0);
      const { pid } = (await status()).browsers[0];
      process.kill(-pid, 'SIGSTOP');
      expect(await task).toMatchObject({ status: 'timeout', attempt: 1 });
      expect(tookMs(await task)).toBeLessThan(2_000 + GRACE_MS);
      expect(await visit('/')).toMatchObject({ status: 'done' });
      expect((await status()).crashed).toBeGreaterThanOrEqual(crashed);
      await until(() => !isThere(pid));
    }, 60_000);

    it('kill -9 of Chromium: what reads runs again, what writes does not', async () => {
      const { crashed } = await status();
      const forever = [{ action: 'wait_for', selector: '#never', timeout_ms: 6_000 }];
      const reading = visit('/other', { actions: forever });
      const writing = visit('/other', { actions: forever, effects: 'write' });
      await until(
        async () => (await status()).running === 2 && site.paths.filter((path) => path === '/other').length >= 2,
      );
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      for (const { pid } of (await status()).browsers) process.kill(-pid, 'SIGKILL');

      expect(await writing).toMatchObject({
        status: 'unknown_outcome',
        attempt: 1,
        error: { error: 'browser_crashed' },
        result: {
          steps: [
            { action: 'goto', status: 'done' },
            { action: 'wait_for', status: 'interrupted' },
          ],
        },
      });
      expect(await reading).toMatchObject({ status: 'error', attempt: 2, error: { error: 'step_failed' } });
      expect((await status()).crashed).toBe(crashed + 1);
    });
  });

  it('two hundred at once are all done', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        operator.post('/operator/browser/task', {
          url: `${site.url}/other`,
          session_id: 'crowd',
          capture: { screenshot: false },
        }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    await until(async () => (await status()).queued + (await status()).running === 0, 120_000);
    const [row] = await operator.rows<any>(
      "SELECT COUNT(*) AS n FROM operator_browser_task WHERE session_id = 'crowd' AND status = 'done' AND title = 'Another' AND attempt = 1",
    );
    expect(Number(row.n)).toBe(200);
  }, 150_000);
});

const asBuffer = (response: any, done: (error: Error | null, body: Buffer) => void): void => {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => done(null, Buffer.concat(chunks)));
};

function isThere(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}

/** Of a PNG. */
const sizeOf = (png: Buffer) => ({ width: png.readUInt32BE(16), height: png.readUInt32BE(20) });

function killRenderers(group: number): void {
  const rows = execFileSync('ps', ['-eo', 'pid=,pgid=,args='], { encoding: 'utf8' }).split('\n');
  for (const row of rows) {
    const [, pid, pgid] = /^ *(\d+) +(\d+) .*--type=renderer/.exec(row) ?? [];
    if (Number(pgid) === group) process.kill(Number(pid), 'SIGKILL');
  }
}
