import { type Socket as UdpSocket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Server, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { FakeSite } from '../fakes/fake-site';
import { runTask } from '../support/browser-task';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';
import { INNER_URLS, VECTORS, type Vector, WRONG_URLS } from './egress-corpus';

/** How long a vector has, besides. */
const PATIENCE_MS = 300;

/** A server inside, on every address of this machine and on TCP and UDP. Nothing may be heard there. */
class Canary {
  heard: string[] = [];
  private readonly servers: Server[] = [];
  private readonly sockets: UdpSocket[] = [];

  async start(): Promise<number> {
    let port = 0;
    const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const addresses = [
      '127.0.0.1',
      '::1',
      ...own.filter(({ internal, scopeid }) => !internal && !scopeid).map(({ address }) => address),
    ];
    for (const address of addresses) port = await this.listen(address, port);
    return port;
  }

  async listen(address: string, port: number): Promise<number> {
    const server = createServer((socket) => {
      this.heard.push(`tcp ${address} from ${socket.remoteAddress}`);
      socket.on('error', () => undefined).destroy();
    });
    await once(server.listen(port, address), 'listening');
    this.servers.push(server);
    const taken = (server.address() as AddressInfo).port;
    const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4', () => this.heard.push(`udp ${address}`));
    await once(udp.bind(taken, address), 'listening');
    this.sockets.push(udp);
    return taken;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.close();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

// Browsers are slow where others work too.
jest.setTimeout(90_000);

describe('The browser, and a network it must not reach', () => {
  const canary = new Canary();
  let site: FakeSite;
  let public_: FakeSite;
  let flip: FakeSite;
  let port: number;
  let operator: TestApp;
  let lookUps = 0;

  const NAMES: Record<string, string[]> = {
    'inner.test': ['127.0.0.1'],
    'inner6.test': ['::1'],
    'mapped.test': ['::ffff:127.0.0.1'],
    'mixed.test': ['93.184.215.14', '127.0.0.1'],
    'xn--mnchen-3ya.test': ['127.0.0.1'],
    'site.test': ['127.0.0.1'],
    localhost: ['127.0.0.1', '::1'],
    'ip6-localhost': ['::1'],
    'a.localhost': ['127.0.0.1'],
  };

  beforeAll(async () => {
    port = await canary.start();
    site = await FakeSite.start();
    public_ = await FakeSite.start();
    // On one address a page, on the other, of the same port, the canary.
    flip = await FakeSite.start('::1');
    await canary.listen('127.0.0.1', flip.port);
    operator = await createTestApp(
      {
        BROWSER_ALLOW_HOSTS: `127.0.0.1:${site.port},127.0.0.1:${public_.port},[::1]:${flip.port},site.test:${site.port}`,
        BROWSER_ALLOW_PORTS: `80,443,${port},${flip.port}`,
        BROWSER_CONCURRENCY: '4',
        BROWSER_ALLOW_SCRIPT: 'true',
      },
      {
        resolve: async (name) =>
          name === 'flips.test' ? [lookUps++ % 2 === 0 ? '::1' : '127.0.0.1'] : (NAMES[name] ?? []),
      },
    );
    site.pages['/to'] = (request, response) =>
      void response.writeHead(302, { Location: decodeURIComponent(request.url!.slice('/to?'.length)) }).end();
    site.pages['/arrived'] = (request, response) => {
      const index = Number(request.url!.split('?')[1]);
      void until(() => hasArrived(index), 10_000)
        .catch(() => undefined)
        .finally(() => response.end());
    };
    for (const [index, vector] of VECTORS.entries()) servePage(index, vector);
  });
  afterAll(async () => {
    await operator.close();
    await Promise.all([site.stop(), public_.stop(), flip.stop(), canary.stop()]);
  });
  afterEach(() => expect(canary.heard).toEqual([]));

  /** The page of a vector aimed at `?to`, and one that has it in two frames, aimed inside and at a page that may be seen. */
  function servePage(index: number, { html, headers, isWhole, arrives }: Vector): void {
    const end = `document.body.insertAdjacentHTML('beforeend', '<i id=done>.</i>')`;
    const soon = `setTimeout(() => ${end}, ${PATIENCE_MS})`;
    // Those that arrive tell when: so the others, beside them, have had as long, on however busy a machine.
    const done = (isAwaited: boolean) =>
      `<script>${isAwaited ? `fetch('/arrived?${index}').finally(() => ${soon})` : soon}</script>`;
    site.pages[`/vector/${index}`] = (request, response) => {
      const to = new URL(request.url!, site.url).searchParams.get('to')!;
      const given = headers?.(to) ?? {};
      response.writeHead('Location' in given ? 302 : 200, { 'Content-Type': 'text/html; charset=utf-8', ...given });
      const isAwaited = arrives === undefined && to === aim(public_.port, index);
      response.end(`<!doctype html><body>${html(to)}${isWhole ? done(isAwaited) : ''}`);
    };
    const frame = (to: string) => `<iframe src="/vector/${index}?to=${encodeURIComponent(to)}" allow="*"></iframe>`;
    const frames = frame(aim(port, index)) + frame(aim(public_.port, index));
    site.page(`/both/${index}`, `<body>${frames}${done(arrives === undefined)}`);
  }

  const hasArrived = (index: number) => public_.paths.some((path) => path.startsWith(`/hit/${index}/`));

  const aim = (at: number, index: number) => `http://127.0.0.1:${at}/hit/${index}/`;
  /** The answer to a task when that has ended, however many are before it; or why it was refused. */
  const visit = async (url: string): Promise<{ status: number; body: any }> => {
    const actions = [{ action: 'wait_for', selector: '#done', state: 'attached', timeout_ms: 15_000 }];
    const taken = await operator.post('/operator/browser/task', { url, capture: { screenshot: false }, actions });
    if (taken.status !== 202) return taken;
    let answer: { status: number; body: any } = taken;
    await until(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      answer = await operator.get(taken.headers.location!);
      return answer.body.finished_at !== null;
    }, 200_000);
    return answer;
  };

  describe('by its URL', () => {
    it.each(INNER_URLS)('%s', async (template) => {
      const { status, body } = await visit(template.replace('P', `${port}`));
      if (status === 200) expect(body).toMatchObject({ status: 'error', error: { error: 'url_not_allowed' } });
      else expect([status, body.error]).toEqual([403, 'url_not_allowed']);
    });

    it.each(WRONG_URLS)('%s', async (template, expected, reason) => {
      const { status, body } = await visit(template.replace('P', `${port}`));
      expect([status, body.error]).toEqual([expected, expected === 422 ? 'validation_failed' : 'url_not_allowed']);
      if (reason) expect(body.reason).toBe(reason);
    });

    it('as every part of a page, spelt in every way', async () => {
      const parts = INNER_URLS.map((template) => template.replace('P', `${port}`)).map(
        (url) =>
          `<img src="${url}"><iframe src="${url}"></iframe><script>fetch("${url}", { mode: "no-cors" }).catch(() => 0)</script>`,
      );
      site.page('/spelt', `<meta charset="utf-8"><body>${parts.join('')}<i id="done">.</i>`);
      const task = await runTask(operator, { url: `${site.url}/spelt`, limits: { max_ms: 20_000 } });
      expect(task).toMatchObject({ status: 'done', result: { loaded: true } });
      const refused = Object.values<number>(task.result.egress.refused).reduce((sum, count) => sum + count, 0);
      expect(refused).toBeGreaterThanOrEqual(INNER_URLS.length);
    });

    it('a name that means another address the second time', async () => {
      flip.page('/', '<h1>First</h1>');
      const url = `http://flips.test:${flip.port}/`;
      expect(await runTask(operator, { url })).toMatchObject({ status: 'done', text: 'First' });
      expect(await runTask(operator, { url })).toMatchObject({ status: 'error', error: { error: 'url_not_allowed' } });

      flip.page(
        '/rebind',
        `<script>for (let i = 0; i < 8; i++) fetch("/x?" + i).catch(() => 0)</script><h1>Rebind</h1>`,
      );
      const task = await runTask(operator, { url: `${url}rebind` });
      expect(task).toMatchObject({ status: 'done', text: 'Rebind' });
      expect(lookUps).toBeGreaterThan(4);
    });
  });

  describe('from within a page', () => {
    const framed = [...VECTORS.entries()].filter(([, { isWhole }]) => !isWhole);
    const whole = [...VECTORS.entries()].filter(([, { isWhole }]) => isWhole);

    /** All at once: each has its own context, and the canary has one answer. */
    let tasks: Map<number, any>;
    beforeAll(async () => {
      const runs = [
        ...framed.map(async ([index]) => [index, await visit(`${site.url}/both/${index}`)] as const),
        ...whole.flatMap(([index]) =>
          [port, public_.port].map(
            async (at) =>
              [index, await visit(`${site.url}/vector/${index}?to=${encodeURIComponent(aim(at, index))}`)] as const,
          ),
        ),
      ];
      tasks = new Map(await Promise.all(runs));
    }, 240_000);

    it.each([...framed, ...whole].map(([index, { name }]) => [name, index] as const))('%s', (_, index) => {
      const { status, body } = tasks.get(index);
      expect([status, body.status === 'done' || VECTORS[index]!.isWhole]).toEqual([200, true]);
      const { arrives } = VECTORS[index]!;
      if (arrives !== 'sometimes') expect(hasArrived(index)).toBe(arrives !== 'never');
    });
  });

  it.each([
    ['http', 'loopback'],
    ['https', 'loopback'],
  ])('a page that goes inside by itself, over %s, ends the task with the reason', async (scheme, reason) => {
    site.page(
      '/strays',
      `<h1>Strays</h1><script>setTimeout(() => location = '${scheme}://127.0.0.1:${port}/', 100)</script>`,
    );
    const actions = [{ action: 'wait_for', selector: '#never' }];
    const task = await runTask(operator, { url: `${site.url}/strays`, actions });
    expect(task).toMatchObject({
      status: 'error',
      error: { error: 'url_not_allowed', detail: `The browser may not open this URL: ${reason}.` },
      result: { http_status: 200, egress: { refused: { [reason]: 1 } } },
    });
  });

  it('what may be reached is: by address, by name, with all its parts', async () => {
    site.page(
      '/whole',
      `<link rel="stylesheet" href="/a.css"><script src="/a.js"></script><img src="/a.png"><iframe src="/other"></iframe>
       <script>fetch("/a.json"); new WebSocket("ws://" + location.host + "/socket")</script><h1>Whole</h1>`,
    );
    for (const host of [`127.0.0.1:${site.port}`, `site.test:${site.port}`]) {
      site.paths.length = 0;
      const task = await runTask(operator, { url: `http://${host}/whole` });
      expect(task).toMatchObject({
        status: 'done',
        text: expect.stringContaining('Whole'),
        result: { egress: { refused: {}, refused_hosts: [] } },
      });
      expect(site.paths).toEqual(
        expect.arrayContaining(['/whole', '/a.css', '/a.js', '/a.png', '/other', '/a.json', '/socket']),
      );
    }
  });
});
