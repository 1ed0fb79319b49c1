import { type IncomingMessage, type Server, createServer, request } from 'node:http';
import {
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
  connect,
  createServer as createTcpServer,
} from 'node:net';
import { EgressService } from '../../src/browser/egress/egress.service';
import type { EgressPass } from '../../src/browser/egress/egress-pass';
import { EgressProxy, type EgressProxyOptions } from '../../src/browser/egress/egress-proxy';
import { parseHostPattern } from '../../src/config/host-pattern';
import { loadConfig } from '../../src/config/config';
import { until } from '../support/until';

const BUDGET = { requests: 10_000, bytes: 100_000_000, connections: 50 };

/** Counts every connection that reaches it, whatever is said on it. */
async function canary(host: string): Promise<{ server: TcpServer; port: number; hits: () => number }> {
  let hits = 0;
  const server = createTcpServer((socket) => {
    hits++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { server, port: (server.address() as AddressInfo).port, hits: () => hits };
}

const patterns = (...list: string[]) => list.map((text) => parseHostPattern(text)!);

/** What the proxy answers to these very bytes, until it closes. */
function raw(proxyUrl: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(proxyUrl).port), '127.0.0.1', () => socket.write(bytes));
    let said = '';
    socket.setTimeout(5_000, () => reject(new Error(`No end after: ${said}`)));
    socket.on('data', (chunk) => (said += chunk.toString('latin1')));
    socket.on('error', () => resolve(said));
    socket.on('close', () => {
      resolve(said);
      socket.destroy();
    });
  });
}

const basic = ({ username, password }: { username: string; password: string }) =>
  `Proxy-Authorization: Basic ${Buffer.from(`${username}:${password}`).toString('base64')}\r\n`;
const status = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

describe('The egress proxy', () => {
  const proxies: EgressProxy[] = [];
  const servers: (Server | TcpServer)[] = [];
  let pass: EgressPass;

  async function started(
    allow: string[] = [],
    options: EgressProxyOptions = {},
    ports = [80, 443],
    deny: string[] = [],
  ) {
    const policy = { allow: patterns(...allow), deny: patterns(...deny), ports };
    const proxy = new EgressProxy(policy, { connectTimeoutMs: 500, ...options });
    await proxy.start();
    proxies.push(proxy);
    pass = proxy.issue(BUDGET);
    return proxy;
  }
  const get = (proxy: EgressProxy, url: string, headers = '', by = pass) =>
    raw(proxy.url, `GET ${url} HTTP/1.1\r\nHost: x\r\n${basic(by)}${headers}\r\n`);
  const tunnel = (proxy: EgressProxy, authority: string, by = pass) =>
    raw(proxy.url, `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${basic(by)}\r\n`);

  async function listen<T extends Server | TcpServer>(server: T, host = '127.0.0.1'): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
    for (const server of servers.splice(0)) {
      if ('closeAllConnections' in server) server.closeAllConnections();
      server.close();
    }
  });

  describe('lets nothing in to canaries on 127.0.0.1 and ::1', () => {
    let v4: Awaited<ReturnType<typeof canary>>;
    let v6: Awaited<ReturnType<typeof canary>>;
    let proxy: EgressProxy;
    let flips = 0;
    const NAMES: Record<string, () => string[]> = {
      'inward.test': () => ['127.0.0.1'],
      'inward6.test': () => ['::1'],
      'mapped.test': () => ['::ffff:127.0.0.1'],
      'compatible.test': () => ['::127.0.0.1'],
      'nat64.test': () => ['64:ff9b::7f00:1'],
      'any.test': () => ['0.0.0.0'],
      'any6.test': () => ['::'],
      'private.test': () => ['10.0.0.1'],
      'metadata.test': () => ['169.254.169.254'],
      'mixed.test': () => ['203.0.114.1', '127.0.0.1'],
      'mixed-first.test': () => ['127.0.0.1', '203.0.114.1'],
      'mixed6.test': () => ['2606:4700::1111', '::1'],
      'flips.test': () => [flips++ % 2 ? '127.0.0.1' : '10.0.0.1'],
      'xn--bcher-kva.test': () => ['127.0.0.1'],
      'nowhere.test': () => [],
      'zone.test': () => ['fe80::1%lo'],
      'nonsense.test': () => ['localhost'],
    };

    beforeAll(async () => {
      [v4, v6] = await Promise.all([canary('127.0.0.1'), canary('::1')]);
    });
    afterAll(() => {
      v4.server.close();
      v6.server.close();
    });
    beforeEach(async () => {
      // The canaries' ports are open, so that it is the address alone that stops these.
      const resolve = (name: string) => Promise.resolve(NAMES[name]?.() ?? ['127.0.0.1', '::1']);
      proxy = await started([], { resolve }, [80, 443, v4.port, v6.port], ['denied.test']);
    });
    afterEach(() => expect([v4.hits(), v6.hits()]).toEqual([0, 0]));

    const HOSTS: [host: string, reason: string][] = [
      ...['127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001'].map(
        loop,
      ),
      ...['127.0.0.1.', '127.255.255.254', '[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]'].map(loop),
      ...['[::ffff:7f00:1]', '%31%32%37.0.0.1', 'inward.test', 'INWARD.TEST.', 'mapped.test', 'inward6.test'].map(loop),
      ...['bücher.test', 'xn--bcher-kva.test', 'mixed.test', 'mixed-first.test', 'mixed6.test', 'unknown.test'].map(
        loop,
      ),
      ['[::127.0.0.1]', 'v4_compatible'],
      ['compatible.test', 'v4_compatible'],
      ['0.0.0.0', 'unspecified'],
      ['0', 'unspecified'],
      ['[::]', 'unspecified'],
      ['any.test', 'unspecified'],
      ['any6.test', 'unspecified'],
      ['[64:ff9b::7f00:1]', 'nat64'],
      ['nat64.test', 'nat64'],
      ['[2002:7f00:1::]', 'six_to_four'],
      ['private.test', 'private'],
      ['10.0.0.1', 'private'],
      ['169.254.169.254', 'metadata'],
      ['metadata.test', 'metadata'],
      ['zone.test', 'malformed'],
      ['nonsense.test', 'malformed'],
      ...['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'printer.local', 'printer', 'metadata'].map(inner),
      ...['metadata.google.internal', 'metadata.google.internal.', 'instance-data'].map(inner),
      ['denied.test', 'denied'],
      ['nowhere.test', 'unresolved'],
    ];
    function loop(host: string): [string, string] {
      return [host, 'loopback'];
    }
    function inner(host: string): [string, string] {
      return [host, 'inner_name'];
    }

    it.each(HOSTS)('%s: %s', async (host, reason) => {
      const latin = Buffer.from(host).toString('latin1');
      const expected = reason === 'unresolved' ? 502 : 403;
      for (const port of [v4.port, v6.port]) {
        for (const answer of [await get(proxy, `http://${latin}:${port}/`), await tunnel(proxy, `${latin}:${port}`)]) {
          // Beyond ASCII nothing is a valid request line; a browser sends punycode.
          if (latin !== host) expect([400, 403, 502]).toContain(status(answer));
          else expect([status(answer), answer.split('\r\n\r\n')[1]]).toEqual([expected, `${reason}\n`]);
        }
      }
    });

    it.each([21, 22, 25, 6379, 5432, 8011, 0, 65_536])('port %i of a public address', async (port) => {
      const answers = [await get(proxy, `http://203.0.114.1:${port}/`), await tunnel(proxy, `203.0.114.1:${port}`)];
      for (const answer of answers) expect([400, 403]).toContain(status(answer));
    });

    it('asked again and again of a name that changes its answer', async () => {
      for (let n = 0; n < 6; n++) expect(status(await tunnel(proxy, `flips.test:${v4.port}`))).toBe(403);
      expect(pass.report().refused).toEqual({ loopback: 3, private: 3 });
    });

    it.each<[string, (port: number) => string]>([
      ['origin form', (port) => `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAUTH\r\n`],
      ['another scheme', (port) => `GET https://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nAUTH\r\n`],
      ['ftp', (port) => `GET ftp://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nAUTH\r\n`],
      ['credentials in the URL', (port) => `GET http://a.test@127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nAUTH\r\n`],
      ['a Host that looks public', (port) => `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: example.com\r\nAUTH\r\n`],
      ['no authority', () => 'GET http:///x HTTP/1.1\r\nHost: x\r\nAUTH\r\n'],
      ['CONNECT without a port', () => 'CONNECT 127.0.0.1 HTTP/1.1\r\nHost: x\r\nAUTH\r\n'],
      ['CONNECT to a URL', (port) => `CONNECT http://127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\nAUTH\r\n`],
      ['CONNECT with credentials', (port) => `CONNECT a@127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\nAUTH\r\n`],
      [
        'an upgrade',
        (port) =>
          `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAUTH\r\n`,
      ],
      [
        'both lengths',
        (port) =>
          `POST http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nAUTHContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ],
      [
        'two lengths',
        (port) =>
          `POST http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nAUTHContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
      ],
      [
        'huge headers',
        (port) => `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nAUTHX-Big: ${'a'.repeat(20_000)}\r\n\r\n`,
      ],
      [
        'a pipelined second request',
        (port) =>
          `GET http://denied.test/ HTTP/1.1\r\nHost: x\r\nAUTH\r\nGET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nAUTH\r\n`,
      ],
      ['noise', () => '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n'],
    ])('%s', async (_, bytes) => {
      for (const port of [v4.port, v6.port]) {
        expect([400, 403, 431]).toContain(status(await raw(proxy.url, bytes(port).replaceAll('AUTH', basic(pass)))));
      }
    });
  });

  describe('lets through', () => {
    let seen: { head: string; body: string }[];

    /** Answers with what it was asked, and remembers it. */
    function echo(): Server {
      seen = [];
      return createServer((incoming: IncomingMessage, response) => {
        let body = '';
        incoming.on('data', (chunk) => (body += chunk));
        incoming.on('end', () => {
          const { method, url, rawHeaders } = incoming;
          seen.push({ head: JSON.stringify([method, url, ...rawHeaders]), body });
          const location = url === '/redirect' ? { Location: 'http://127.0.0.1:1/' } : {};
          response.writeHead(url === '/redirect' ? 302 : 200, { 'Set-Cookie': ['a=1', 'b=2'], ...location });
          response.end(`${method} ${url} ${body}`);
        });
      });
    }

    it.each(['127.0.0.1', 'fixture.test', '*.fixtures.test'])('an HTTP request to what %s allows', async (entry) => {
      const port = await listen(echo());
      const proxy = await started([`${entry}:${port}`], { resolve: () => Promise.resolve(['127.0.0.1']) });
      const host = entry.replace('*', 'www');

      const answer = await get(proxy, `http://${host}:${port}/a?b=c`, 'X-Mine: 1\r\nConnection: X-Hop\r\nX-Hop: 1\r\n');

      expect(status(answer)).toBe(200);
      expect(answer).toMatch(/Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n/);
      expect(answer).toMatch(/GET \/a\?b=c /);
      const [method, path, ...headers] = JSON.parse(seen[0]!.head) as string[];
      expect([method, path]).toEqual(['GET', '/a?b=c']);
      expect(headers).toEqual(['Host', `${host}:${port}`, 'X-Mine', '1', 'Connection', 'close']);
    });

    it('a request whose Host differs, with the one of its URL', async () => {
      const port = await listen(echo());
      const proxy = await started([`127.0.0.1:${port}`]);
      await get(proxy, `http://127.0.0.1:${port}/`);
      expect(seen[0]!.head).toContain(`"Host","127.0.0.1:${port}"`);
    });

    it('bodies of known and unknown length, and never one as a request of its own', async () => {
      const port = await listen(echo());
      const proxy = await started([`127.0.0.1:${port}`]);
      const inner = `GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`;
      const send = (method: string, rest: string) =>
        raw(proxy.url, `${method} http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\n${basic(pass)}${rest}`);
      const chunked = `Transfer-Encoding: chunked\r\n\r\n${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;

      for (const method of ['POST', 'GET', 'DELETE']) {
        expect(status(await send(method, chunked))).toBe(200);
        expect(status(await send(method, `Content-Length: ${inner.length}\r\n\r\n${inner}`))).toBe(200);
      }
      expect(seen.map(({ body }) => body)).toEqual(Array(6).fill(inner));
    });

    it('a redirect as it is, without following it', async () => {
      const port = await listen(echo());
      const proxy = await started([`127.0.0.1:${port}`]);
      const answer = await get(proxy, `http://127.0.0.1:${port}/redirect`);
      expect(status(answer)).toBe(302);
      expect(status(await get(proxy, /Location: (.*)\r/.exec(answer)![1]!))).toBe(403);
      expect(seen).toHaveLength(1);
    });

    it('a tunnel, both ways, with what was sent ahead', async () => {
      const port = await listen(createTcpServer((socket) => socket.pipe(socket)));
      const proxy = await started([`fixture.test:${port}`], { resolve: () => Promise.resolve(['127.0.0.1']) });
      const said = await new Promise<string>((resolve, reject) => {
        const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
        let text = '';
        socket.write(`CONNECT fixture.test:${port} HTTP/1.1\r\nHost: x\r\n${basic(pass)}\r\nahead `);
        socket.on('data', (chunk) => {
          text += chunk;
          if (text.endsWith('ahead ')) socket.end('and after');
        });
        socket.on('error', reject);
        socket.on('close', () => resolve(text));
      });
      expect(said).toBe('HTTP/1.1 200 Connection established\r\n\r\nahead and after');
      expect(pass.report()).toEqual({ requests: 1, bytes: 30, refused: {}, refusedHosts: [] });
    });

    it('the address it checked, even when the name means another one a moment later', async () => {
      const port = await listen(echo());
      let asked = 0;
      const resolve = () => Promise.resolve([asked++ === 0 ? '127.0.0.1' : '127.0.0.2']);
      const proxy = await started(['127.0.0.1:80'], { resolve }, [80, port]);
      const inner = await started([`127.0.0.1/32:${port}`], { resolve }, [80, port]);
      expect(status(await get(inner, `http://flips.test:${port}/`))).toBe(200);
      expect(asked).toBe(1);
      expect(status(await get(inner, `http://flips.test:${port}/`))).toBe(403);
      expect([asked, seen.length]).toEqual([2, 1]);
      expect(proxy.url).not.toBe(inner.url);
    });

    it('the next address when one does not answer', async () => {
      const port = await listen(echo());
      const proxy = await started([`two.test:${port}`], { resolve: () => Promise.resolve(['::1', '127.0.0.1']) });
      expect(status(await get(proxy, `http://two.test:${port}/`))).toBe(200);
    });
  });

  describe('asks for credentials', () => {
    it.each<[string, (pass: EgressPass) => string]>([
      ['none', () => ''],
      ['a wrong password', ({ username }) => basic({ username, password: 'x' })],
      ['an unknown name', ({ password }) => basic({ username: 'x', password })],
      ['another scheme', ({ password }) => `Proxy-Authorization: Bearer ${password}\r\n`],
      ['nonsense', () => 'Proxy-Authorization: Basic !!\r\n'],
    ])('and answers 407 to %s', async (_, header) => {
      const proxy = await started();
      for (const line of ['GET http://127.0.0.1/', 'CONNECT 127.0.0.1:443']) {
        const answer = await raw(proxy.url, `${line} HTTP/1.1\r\nHost: x\r\n${header(pass)}\r\n`);
        expect(status(answer)).toBe(407);
        expect(answer).toMatch(/\r\nProxy-Authenticate: Basic realm="egress"\r\n/i);
      }
      expect(pass.report().requests).toBe(0);
    });

    it('and takes those of a task only until it ends; what it has open ends with it, what others have does not', async () => {
      const port = await listen(createTcpServer((socket) => socket.on('error', () => undefined).pipe(socket)));
      const proxy = await started([`127.0.0.1:${port}`]);
      const other = proxy.issue(BUDGET);
      const [mine, theirs] = [tunnel(proxy, `127.0.0.1:${port}`), tunnel(proxy, `127.0.0.1:${port}`, other)];
      const open = () => [pass, other].map((one) => one.report().requests);
      await until(() => open().join() === '1,1');

      proxy.revoke(pass);

      expect(await Promise.race([mine.then(() => 'mine'), theirs.then(() => 'theirs')])).toBe('mine');
      expect(status(await tunnel(proxy, `127.0.0.1:${port}`))).toBe(407);
      proxy.revoke(other);
      await theirs;
      expect(open()).toEqual([1, 1]);
    });
  });

  describe('keeps to the budget of', () => {
    it('requests, refused ones too', async () => {
      const proxy = await started();
      const small = proxy.issue({ ...BUDGET, requests: 2 });
      for (let n = 0; n < 4; n++) await tunnel(proxy, '10.0.0.1:443', small);
      expect(small.report()).toEqual({
        requests: 2,
        bytes: 0,
        refused: { private: 2, request_budget: 2 },
        refusedHosts: [
          { host: '10.0.0.1:443', reason: 'private', count: 2 },
          { host: '10.0.0.1:443', reason: 'request_budget', count: 2 },
        ],
      });
    });

    it('bytes, in an answer and in a tunnel', async () => {
      const flood = (socket: Socket) => {
        socket.on('error', () => undefined).resume();
        const more = () => {
          while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'x')));
        };
        socket.on('drain', more);
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        more();
      };
      const port = await listen(createTcpServer(flood));
      const proxy = await started([`127.0.0.1:${port}`]);
      for (const ask of [
        get.bind(null, proxy, `http://127.0.0.1:${port}/`, ''),
        tunnel.bind(null, proxy, `127.0.0.1:${port}`),
      ]) {
        const small = proxy.issue({ ...BUDGET, bytes: 1_000_000 });
        expect((await ask(small)).length).toBeLessThan(1_200_000);
        await until(() => small.report().refused['byte_budget'] === 1);
        expect(small.report().bytes).toBeLessThan(1_200_000);
        expect(status(await ask(small))).toBe(403);
      }
    });

    it('connections at once', async () => {
      const port = await listen(createTcpServer((socket) => socket.on('error', () => undefined).pipe(socket)));
      const proxy = await started([`127.0.0.1:${port}`]);
      const small = proxy.issue({ ...BUDGET, connections: 1 });
      const first = connect(Number(new URL(proxy.url).port), '127.0.0.1');
      first.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n${basic(small)}\r\n`);
      await new Promise((resolve) => first.once('data', resolve));

      expect(await tunnel(proxy, `127.0.0.1:${port}`, small)).toMatch(/403[^]*connection_budget\n$/);
      first.destroy();
      await until(async () => {
        const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
        socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n${basic(small)}\r\n`);
        const said = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))));
        socket.destroy();
        return said.includes('200');
      });
    });
  });

  describe('survives', () => {
    it.each([
      ['no answer', (socket: Socket) => socket.end()],
      ['a reset', (socket: Socket) => socket.resetAndDestroy()],
      ['noise', (socket: Socket) => socket.end('hello\r\n\r\n')],
      [
        'an upgrade nobody asked for',
        (socket: Socket) => socket.end('HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
      ],
      [
        'two lengths',
        (socket: Socket) =>
          socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
      ],
      ['huge headers', (socket: Socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)],
      ['silence', () => undefined],
    ])('%s from a server', async (_, behave) => {
      const port = await listen(
        createTcpServer((socket) => void socket.on('error', () => undefined).once('data', () => behave(socket))),
      );
      const proxy = await started([`127.0.0.1:${port}`], { idleTimeoutMs: 300 });
      expect(status(await get(proxy, `http://127.0.0.1:${port}/`))).toBe(502);
      expect(status(await tunnel(proxy, '10.0.0.1:443'))).toBe(403);
    });

    it('a body that breaks off, without passing it for whole', async () => {
      const port = await listen(
        createTcpServer((socket) =>
          socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')),
        ),
      );
      const proxy = await started([`127.0.0.1:${port}`]);
      const { port: proxyPort } = new URL(proxy.url);
      const auth = `Basic ${Buffer.from(`${pass.username}:${pass.password}`).toString('base64')}`;
      const outcome = await new Promise((resolve) => {
        const options = {
          port: proxyPort,
          path: `http://127.0.0.1:${port}/`,
          headers: { 'Proxy-Authorization': auth },
        };
        request(options, (reply) => {
          reply.resume();
          reply.on('error', (error) => resolve(error.message));
          reply.on('end', () => resolve('whole'));
        }).end();
      });
      expect(outcome).toBe('aborted');
    });

    it('a resolver that never answers, and one that fails', async () => {
      const proxy = await started([], {
        resolve: (name) => (name === 'slow.test' ? new Promise(() => undefined) : Promise.reject(new Error())),
        connectTimeoutMs: 200,
      });
      expect(await get(proxy, 'http://slow.test/')).toMatch(/502[^]*unresolved\n$/);
      expect(await get(proxy, 'http://gone.test/')).toMatch(/502[^]*unresolved\n$/);
    });
  });

  it('lists refused hosts up to a hundred, and counts the rest', async () => {
    const proxy = await started();
    for (let n = 0; n < 120; n++) await tunnel(proxy, `10.0.0.${n}:443`);
    const { refused, refusedHosts } = pass.report();
    expect([refused, refusedHosts.length]).toEqual([{ private: 120 }, 100]);
  });

  it('ends everything within a second', async () => {
    const port = await listen(createTcpServer((socket) => void socket.on('error', () => undefined)));
    const proxy = await started([`127.0.0.1:${port}`]);
    const open = [tunnel(proxy, `127.0.0.1:${port}`), get(proxy, `http://127.0.0.1:${port}/`), raw(proxy.url, 'GET ')];
    await until(() => pass.report().requests === 2);
    const start = performance.now();
    await proxy.close();
    await Promise.all(open);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

describe(EgressService.name, () => {
  it('starts nothing until a task wants out, and one proxy for all of them', async () => {
    const service = new EgressService(loadConfig({}));
    await service.onApplicationShutdown();

    const other = new EgressService(loadConfig({ BROWSER_ALLOW_HOSTS: 'intranet' }));
    const [a, b] = await Promise.all([other.open(BUDGET), other.open(BUDGET)]);
    expect(a.proxyUrl).toBe(b.proxyUrl);
    expect(a.pass.username).not.toBe(b.pass.username);
    a.end();
    const answer = await raw(b.proxyUrl, `CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: x\r\n${basic(b.pass)}\r\n`);
    expect(answer).toMatch(/403[^]*loopback\n$/);
    await other.onApplicationShutdown();
  });

  it('says why a URL may not be opened', () => {
    const service = new EgressService(loadConfig({ BROWSER_ALLOW_HOSTS: 'intranet' }));
    expect(service.admit('HTTP://INTRANET')).toBe('http://intranet/');
    expect(() => service.admit('http://127.1/')).toThrow(
      expect.objectContaining({ code: 'url_not_allowed', kind: 'forbidden', extensions: { reason: 'loopback' } }),
    );
  });
});
