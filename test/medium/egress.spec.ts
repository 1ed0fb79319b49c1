import { type IncomingMessage, type Server, createServer, request } from 'node:http';
import {
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
  connect,
  createServer as createTcpServer,
} from 'node:net';
import { lookUp } from '../../src/browser/egress/dial';
import { EgressAccount, type EgressBudget } from '../../src/browser/egress/egress-account';
import { EgressService } from '../../src/browser/egress/egress.service';
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

/** A connection on which one thing is said after another. */
function talk(proxyUrl: string) {
  const socket = connect(Number(new URL(proxyUrl).port), '127.0.0.1');
  let heard = '';
  let end: string | null = null;
  socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => (end = code!));
  socket.on('close', () => (end ??= 'end'));
  return {
    socket,
    say: (bytes: string) => socket.write(bytes),
    /** What came since it was asked last, once this has come. */
    hear: async (last: string | RegExp) => {
      await until(() => end !== null || (typeof last === 'string' ? heard.includes(last) : last.test(heard)));
      const said = heard;
      heard = '';
      return said;
    },
    ended: async () => {
      await until(() => end !== null);
      return end;
    },
  };
}

/** The code of the error that a connection meets. */
function refusal(proxyUrl: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(proxyUrl).port), '127.0.0.1', () => resolve('open'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code!));
  });
}

const status = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

describe('The egress proxy', () => {
  const proxies: EgressProxy[] = [];
  const servers: (Server | TcpServer)[] = [];
  /** Of the last that was started. */
  let account: EgressAccount;

  async function started(
    allow: string[] = [],
    options: EgressProxyOptions & { budget?: Partial<EgressBudget>; ports?: number[]; deny?: string[] } = {},
  ) {
    const { budget, ports = [80, 443], deny = [], ...rest } = options;
    account = new EgressAccount({ ...BUDGET, ...budget });
    const policy = { allow: patterns(...allow), deny: patterns(...deny), ports };
    const proxy = new EgressProxy(policy, account, { connectTimeoutMs: 500, ...rest });
    proxies.push(proxy);
    await proxy.start();
    return proxy;
  }
  const get = (proxy: EgressProxy, url: string, headers = '') =>
    raw(proxy.url, `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`);
  const tunnel = (proxy: EgressProxy, authority: string) =>
    raw(proxy.url, `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);

  async function listen<T extends Server | TcpServer>(server: T, host = '127.0.0.1'): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    servers.push(server);
    // Connections break here all the time, as they are meant to.
    server.on('connection', (socket: Socket) => socket.on('error', () => undefined));
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
      proxy = await started([], { resolve, ports: [80, 443, v4.port, v6.port], deny: ['denied.test'] });
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
      expect(account.report().refused).toEqual({ loopback: 3, private: 3 });
    });

    it.each<[string, (port: number) => string]>([
      ['origin form', (port) => `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCLOSE\r\n`],
      ['another scheme', (port) => `GET https://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nCLOSE\r\n`],
      ['ftp', (port) => `GET ftp://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nCLOSE\r\n`],
      ['credentials in the URL', (port) => `GET http://a.test@127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nCLOSE\r\n`],
      [
        'a Host that looks public',
        (port) => `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: example.com\r\nCLOSE\r\n`,
      ],
      ['no authority', () => 'GET http:///x HTTP/1.1\r\nHost: x\r\nCLOSE\r\n'],
      ['CONNECT without a port', () => 'CONNECT 127.0.0.1 HTTP/1.1\r\nHost: x\r\nCLOSE\r\n'],
      ['CONNECT to a URL', (port) => `CONNECT http://127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\nCLOSE\r\n`],
      ['CONNECT with credentials', (port) => `CONNECT a@127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\nCLOSE\r\n`],
      [
        'an upgrade',
        (port) =>
          `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
      ],
      [
        'both lengths',
        (port) =>
          `POST http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nCLOSEContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ],
      [
        'two lengths',
        (port) =>
          `POST http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nCLOSEContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
      ],
      [
        'huge headers',
        (port) => `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nCLOSEX-Big: ${'a'.repeat(20_000)}\r\n\r\n`,
      ],
      [
        'a pipelined second request',
        (port) =>
          `GET http://denied.test/ HTTP/1.1\r\nHost: x\r\n\r\nGET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nCLOSE\r\n`,
      ],
      ['HTTP/1.0', (port) => `GET http://127.0.0.1:${port}/ HTTP/1.0\r\nHost: x\r\nCLOSE\r\n`],
      ['noise', () => '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n'],
    ])('%s', async (_, bytes) => {
      for (const port of [v4.port, v6.port]) {
        expect([400, 403, 431]).toContain(
          status(await raw(proxy.url, bytes(port).replaceAll('CLOSE', 'Connection: close\r\n'))),
        );
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
        raw(proxy.url, `${method} http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}`);
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
        socket.write(`CONNECT fixture.test:${port} HTTP/1.1\r\nHost: x\r\n\r\nahead `);
        socket.on('data', (chunk) => {
          text += chunk;
          if (text.endsWith('ahead ')) socket.end('and after');
        });
        socket.on('error', reject);
        socket.on('close', () => resolve(text));
      });
      expect(said).toBe('HTTP/1.1 200 Connection established\r\n\r\nahead and after');
      expect(account.report()).toEqual({ requests: 1, bytes: 30, refused: {}, refusedHosts: [] });
    });

    it('the address it checked, even when the name means another one a moment later', async () => {
      const port = await listen(echo());
      let asked = 0;
      const resolve = () => Promise.resolve([asked++ === 0 ? '127.0.0.1' : '127.0.0.2']);
      const proxy = await started([`127.0.0.1/32:${port}`], { resolve, ports: [80, port] });
      expect(status(await get(proxy, `http://flips.test:${port}/`))).toBe(200);
      expect(asked).toBe(1);
      expect(status(await get(proxy, `http://flips.test:${port}/`))).toBe(403);
      expect([asked, seen.length]).toEqual([2, 1]);
    });

    it('the next address when one does not answer', async () => {
      const port = await listen(echo());
      const proxy = await started([`two.test:${port}`], { resolve: () => Promise.resolve(['::1', '127.0.0.1']) });
      expect(status(await get(proxy, `http://two.test:${port}/`))).toBe(200);
    });
  });

  describe('keeps a client’s connection', () => {
    const ask = (method: string, url: string, rest = '\r\n') => `${method} ${url} HTTP/1.1\r\nHost: x\r\n${rest}`;

    it('for the next request, which is decided and connected anew', async () => {
      let connections = 0;
      const server = createServer((_, response) => response.end('the answer'));
      server.on('connection', () => connections++);
      const port = await listen(server);
      let address = '127.0.0.1';
      const proxy = await started([`127.0.0.1/32:${port}`], {
        resolve: () => Promise.resolve([address]),
        ports: [80, port],
      });
      const client = talk(proxy.url);

      for (let n = 0; n < 20; n++) {
        client.say(ask('GET', `http://a.test:${port}/`));
        expect(status(await client.hear('the answer'))).toBe(200);
      }
      client.say(ask('GET', 'http://10.0.0.1/'));
      expect(await client.hear('private\n')).toMatch(/403[^]*private\n$/);
      address = '127.0.0.2';
      client.say(ask('GET', `http://a.test:${port}/`));
      expect(await client.hear('loopback\n')).toMatch(/403[^]*loopback\n$/);
      address = '127.0.0.1';
      client.say(ask('GET', `http://a.test:${port}/`));
      expect(status(await client.hear('the answer'))).toBe(200);
      client.say(`CONNECT 10.0.0.1:80 HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(await client.hear('private\n')).toMatch(/403[^]*private\n$/);

      expect([connections, account.report().requests]).toEqual([21, 24]);
      expect(account.report().refused).toEqual({ private: 2, loopback: 1 });
    });

    it('and answers what was sent ahead in its turn', async () => {
      const port = await listen(createServer(({ url }, response) => void response.end(`this is ${url}`)));
      const proxy = await started([`127.0.0.1:${port}`]);
      const client = talk(proxy.url);
      const urls = [`http://127.0.0.1:${port}/a`, 'http://10.0.0.1/', `http://127.0.0.1:${port}/b`];
      client.say(urls.map((url) => ask('GET', url)).join(''));
      expect(await client.hear('this is /b')).toMatch(/^HTTP\/1.1 200[^]*\/aHTTP\/1.1 403[^]*private\nHTTP\/1.1 200/);
    });

    it.each([
      ['a length', 'Content-Length: 5\r\n\r\nwhole'],
      ['chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n'],
      ['neither', '\r\nwhole'],
      ['a wish to close', 'Connection: close\r\nContent-Length: 5\r\n\r\nwhole'],
    ])('after an answer that comes with %s', async (_, rest) => {
      const port = await listen(
        createTcpServer((socket) => socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${rest}`))),
      );
      const proxy = await started([`127.0.0.1:${port}`]);
      const client = talk(proxy.url);
      for (let n = 0; n < 3; n++) {
        client.say(ask('GET', `http://127.0.0.1:${port}/`));
        expect(await client.hear(/whole(\r\n0\r\n\r\n)?$/)).toMatch(/^HTTP\/1.1 200[^]*Connection: keep-alive\r\n/);
      }
    });

    it('in step after answers that have no body', async () => {
      const port = await listen(
        createServer(({ method, url }, response) => {
          if (method === 'HEAD') response.setHeader('Content-Length', 100);
          response.statusCode = Number(url!.slice(1));
          response.end(method === 'GET' && url === '/200' ? 'in step' : undefined);
        }),
      );
      const proxy = await started([`127.0.0.1:${port}`]);
      const client = talk(proxy.url);
      const statuses: number[] = [];
      for (const line of ['HEAD 200', 'GET 204', 'GET 304', 'HEAD 404', 'DELETE 204']) {
        const [method, code] = line.split(' ');
        client.say(ask(method!, `http://127.0.0.1:${port}/${code}`));
        statuses.push(status(await client.hear('\r\n\r\n')));
        client.say(ask('GET', `http://127.0.0.1:${port}/200`));
        expect(await client.hear('in step')).toMatch(/^HTTP\/1.1 200/);
      }
      expect(statuses).toEqual([200, 204, 304, 404, 204]);
    });

    it('when the server answers before it has the whole request, of which the rest goes nowhere', async () => {
      const heard: string[] = [];
      const server = createTcpServer((socket) => {
        socket.once('data', (chunk) => {
          heard.push(String(chunk));
          socket.end('HTTP/1.1 413 X\r\nContent-Length: 8\r\n\r\ntoo much');
        });
      });
      const port = await listen(server);
      const proxy = await started([`127.0.0.1:${port}`]);
      const client = talk(proxy.url);
      for (const rest of ['Content-Length: 900000\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\ndbba0\r\n']) {
        client.say(ask('POST', `http://127.0.0.1:${port}/`, rest));
        expect(await client.hear('too much')).toMatch(/^HTTP\/1.1 413/);
        // In it, what would be a request of its own if the body ended here.
        client.say(ask('GET', `http://127.0.0.1:${port}/smuggled`).padEnd(900_000, 'x'));
        if (rest.startsWith('Tr')) client.say('\r\n0\r\n\r\n');
      }
      client.say(ask('GET', `http://127.0.0.1:${port}/next`));
      expect(await client.hear('too much')).toMatch(/^HTTP\/1.1 413/);
      expect(heard.map((text) => text.split(' ', 2).join(' '))).toEqual(['POST /', 'POST /', 'GET /next']);
    });

    it.each<[string, number, (port: number) => string]>([
      [
        'a request that could be two',
        400,
        () => ask('POST', 'http://10.0.0.1/', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
      ],
      ['a request that is none for a proxy', 400, () => ask('GET', '/')],
      ['HTTP/1.0, which knows no chunks', 400, (port) => `GET http://127.0.0.1:${port}/ HTTP/1.0\r\nHost: x\r\n\r\n`],
      ['a refused request with a body', 403, () => ask('POST', 'http://10.0.0.1/', 'Content-Length: 9\r\n\r\n')],
      ['an answer that some take to have no body', 205, (port) => ask('GET', `http://127.0.0.1:${port}/`)],
    ])('but not after %s', async (_, expected, bytes) => {
      const port = await listen(
        createTcpServer((socket) =>
          socket.once('data', () => socket.end('HTTP/1.1 205 Reset\r\nContent-Length: 5\r\n\r\nwhole')),
        ),
      );
      const proxy = await started([`127.0.0.1:${port}`]);
      expect(status(await raw(proxy.url, bytes(port)))).toBe(expected);
    });

    it('but for no tunnel while an answer is under way', async () => {
      const silent = await listen(createTcpServer());
      const inner = await canary('127.0.0.1');
      servers.push(inner.server);
      const proxy = await started([`127.0.0.1:${silent}`, `127.0.0.1:${inner.port}`]);
      const connecting = `CONNECT 127.0.0.1:${inner.port} HTTP/1.1\r\nHost: x\r\n\r\n`;
      expect(await raw(proxy.url, ask('GET', `http://127.0.0.1:${silent}/`) + connecting)).toBe('');
      expect(inner.hits()).toBe(0);
    });
  });

  describe('lets half an answer look like half of one', () => {
    const fall = (socket: Socket) => setTimeout(() => socket.resetAndDestroy(), 50);
    const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';

    /** What a client of HTTP makes of the answer. */
    function read(proxy: EgressProxy, url: string): Promise<string> {
      return new Promise((resolve) => {
        const asked = request({ port: new URL(proxy.url).port, path: url, agent: false }, (reply) => {
          let body = '';
          reply.on('data', (chunk) => (body += chunk));
          reply.on('error', () => resolve(`${body} and an error`));
          reply.on('end', () => resolve(`${body} as a whole`));
        });
        asked.on('error', () => undefined).end();
      });
    }

    it.each<[string, string, (socket: Socket) => unknown]>([
      ['a length, and the connection ends', 'Content-Length: 9\r\n\r\nhalf', (socket) => socket.end()],
      ['a length, and the connection breaks', 'Content-Length: 9\r\n\r\nhalf', fall],
      ['a length, and nothing more comes', 'Content-Length: 9\r\n\r\nhalf', () => undefined],
      ['chunks, and the connection ends', CHUNKED, (socket) => socket.end()],
      ['chunks, and the connection breaks', CHUNKED, fall],
      ['chunks that are none', CHUNKED, (socket) => socket.write('nonsense\r\n')],
      ['neither, and the connection breaks', '\r\nhalf', fall],
      ['neither, and nothing more comes', '\r\nhalf', () => undefined],
    ])('with %s', async (_, rest, stop) => {
      const port = await listen(
        createTcpServer((socket) => {
          socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n${rest}`, () => stop(socket)));
        }),
      );
      const proxy = await started([`127.0.0.1:${port}`], { idleTimeoutMs: 300 });
      expect(await read(proxy, `http://127.0.0.1:${port}/`)).toBe('half and an error');
    });

    it('when the budget ends in the middle', async () => {
      const port = await listen(createServer((_, response) => response.end('a'.repeat(2_000_000))));
      const proxy = await started([`127.0.0.1:${port}`], { budget: { bytes: 1_000_000 } });
      expect(await read(proxy, `http://127.0.0.1:${port}/`)).toMatch(/^a+ and an error$/);
    });

    it.each<[string, string, Partial<EgressBudget>, (socket: Socket) => unknown]>([
      ['end', 'end', {}, (socket) => socket.end()],
      ['break', 'ECONNRESET', {}, fall],
      ['idleness', 'ECONNRESET', {}, () => undefined],
      ['budget', 'ECONNRESET', { bytes: 100 }, (socket) => setTimeout(() => socket.write('a'.repeat(200)), 50)],
    ])('in a tunnel: its %s is heard as %s', async (_, expected, budget, stop) => {
      const port = await listen(createTcpServer((socket) => void socket.write('half', () => stop(socket))));
      const proxy = await started([`127.0.0.1:${port}`], { idleTimeoutMs: 300, budget });
      const client = talk(proxy.url);
      client.say(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(await client.hear('half')).toMatch(/half$/);
      expect(await client.ended()).toBe(expected);
    });

    it('and the whole of it like the whole, although its client talks on after the server’s end', async () => {
      const SIZE = 8_000_000;
      const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
        socket.resume().end(Buffer.alloc(SIZE));
      });
      const port = await listen(server);
      const proxy = await started([`127.0.0.1:${port}`]);
      const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
      socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
      const talking = setInterval(() => socket.write('more'), 1);
      let received = 0;
      socket.on('data', (chunk) => {
        received += chunk.length;
        // So slowly that much of it waits in the proxy.
        socket.pause();
        setTimeout(() => socket.resume(), 2);
      });
      for (const over of ['end', 'error', 'close']) socket.on(over, () => clearInterval(talking));
      const end = await new Promise((resolve) => {
        socket.on('error', resolve);
        socket.on('close', () => resolve('end'));
      });
      expect(received).toBe(SIZE + 'HTTP/1.1 200 Connection established\r\n\r\n'.length);
      expect(end).toBe('end');
    });
  });

  describe('takes along whoever leaves', () => {
    it.each([
      ['known', 'Content-Length: 1000\r\n\r\nhalf'],
      ['unknown', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ])('in a body of %s length, which nobody takes for whole', async (_, rest) => {
      const seen: string[] = [];
      const server = createServer((incoming) => {
        incoming.on('data', (chunk) => seen.push(String(chunk)));
        incoming.on('end', () => seen.push('end'));
        incoming.on('error', () => seen.push('error'));
      });
      const port = await listen(server);
      const proxy = await started([`127.0.0.1:${port}`], { budget: { connections: 1 } });
      const client = talk(proxy.url);
      client.say(`POST http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\n${rest}`);
      await until(() => seen.length > 0);
      client.socket.destroy();
      await until(() => seen.length > 1);
      expect(seen).toEqual(['half', 'error']);
      await until(() => account.report().refused['connection_budget'] === undefined);
    });

    it.each([
      ['GET', (port: number) => `GET http://slow.test:${port}/ HTTP/1.1\r\nHost: x\r\n\r\n`],
      ['CONNECT', (port: number) => `CONNECT slow.test:${port} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ])('%s while a name is looked up, so that nothing is connected for them', async (_, bytes) => {
      const server = await canary('127.0.0.1');
      servers.push(server.server);
      let answer: (addresses: string[]) => void = () => undefined;
      const proxy = await started([`slow.test:${server.port}`, `127.0.0.1:${server.port}`], {
        resolve: () => new Promise((resolve) => (answer = resolve)),
        connectTimeoutMs: 5_000,
        budget: { connections: 1 },
      });
      for (const leave of [(socket: Socket) => socket.destroy(), (socket: Socket) => socket.resetAndDestroy()]) {
        const before = account.report().requests;
        const client = talk(proxy.url);
        client.say(bytes(server.port));
        await until(() => account.report().requests > before);
        leave(client.socket);
        // Time for the proxy to hear of it: nothing that it does shows that it has.
        await new Promise((resolve) => setTimeout(resolve, 50));
        answer(['127.0.0.1']);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(server.hits()).toBe(0);
      // What they held has been given back.
      await get(proxy, `http://127.0.0.1:${server.port}/`);
      expect(server.hits()).toBe(1);
    });
  });

  describe('keeps to the budget of', () => {
    it('requests, refused ones too', async () => {
      const proxy = await started([], { budget: { requests: 2 } });
      for (let n = 0; n < 4; n++) await tunnel(proxy, '10.0.0.1:443');
      expect(account.report()).toEqual({
        requests: 2,
        bytes: 0,
        refused: { private: 2, request_budget: 2 },
        refusedHosts: [
          { host: '10.0.0.1:443', reason: 'private', count: 2 },
          { host: '10.0.0.1:443', reason: 'request_budget', count: 2 },
        ],
      });
    });

    it.each<[string, (proxy: EgressProxy, port: number) => Promise<string>]>([
      ['an answer', (proxy, port) => get(proxy, `http://127.0.0.1:${port}/`)],
      ['a tunnel', (proxy, port) => tunnel(proxy, `127.0.0.1:${port}`)],
    ])('bytes, in %s', async (_, ask) => {
      const flood = (socket: Socket) => {
        socket.resume();
        const more = () => {
          while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'x')));
        };
        socket.on('drain', more);
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        more();
      };
      const port = await listen(createTcpServer(flood));
      const proxy = await started([`127.0.0.1:${port}`], { budget: { bytes: 1_000_000 } });
      expect((await ask(proxy, port)).length).toBeLessThan(1_200_000);
      await until(() => account.report().refused['byte_budget'] === 1);
      expect(account.report().bytes).toBeLessThan(1_200_000);
      expect(status(await ask(proxy, port))).toBe(403);
    });

    it('bytes, in a request: its head, and its body also when nobody wants that', async () => {
      const port = await listen(
        createTcpServer((socket) =>
          socket.once('data', () => socket.end('HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n')),
        ),
      );
      const proxy = await started([`127.0.0.1:${port}`], { budget: { bytes: 1_000_000 } });
      await get(proxy, `http://127.0.0.1:${port}/`, `X-Big: ${'a'.repeat(10_000)}\r\n`);
      expect(account.report().bytes).toBeGreaterThan(10_000);

      const body = `Content-Length: 9000000\r\n\r\n${'a'.repeat(9_000_000)}`;
      await raw(proxy.url, `POST http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: x\r\n${body}`);
      expect(account.report().refused).toEqual({ byte_budget: 1 });
      expect(account.report().bytes).toBeGreaterThan(1_000_000);
      expect(account.report().bytes).toBeLessThan(1_200_000);
    });

    it('connections at once', async () => {
      const port = await listen(createTcpServer((socket) => socket.pipe(socket)));
      const proxy = await started([`127.0.0.1:${port}`], { budget: { connections: 1 } });
      const first = talk(proxy.url);
      first.say(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(status(await first.hear('\r\n\r\n'))).toBe(200);

      expect(await tunnel(proxy, `127.0.0.1:${port}`)).toMatch(/403[^]*connection_budget\n$/);
      first.socket.destroy();
      await until(async () => {
        const next = talk(proxy.url);
        next.say(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
        const said = await next.hear('\r\n\r\n');
        next.socket.destroy();
        return status(said) === 200;
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
      const port = await listen(createTcpServer((socket) => void socket.once('data', () => behave(socket))));
      const proxy = await started([`127.0.0.1:${port}`], { idleTimeoutMs: 300 });
      expect(status(await get(proxy, `http://127.0.0.1:${port}/`))).toBe(502);
      expect(status(await tunnel(proxy, '10.0.0.1:443'))).toBe(403);
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
    const { refused, refusedHosts } = account.report();
    expect([refused, refusedHosts.length]).toEqual([{ private: 120 }, 100]);
  });

  it('ends everything within a second, on both sides', async () => {
    const upstreams: Socket[] = [];
    const port = await listen(createTcpServer((socket) => void upstreams.push(socket)));
    const proxy = await started([`127.0.0.1:${port}`]);
    const { url } = proxy;
    const open = [tunnel(proxy, `127.0.0.1:${port}`), get(proxy, `http://127.0.0.1:${port}/`), raw(url, 'GET ')];
    await until(() => upstreams.length === 2);
    upstreams.forEach((socket) => socket.resume());

    const start = performance.now();
    await Promise.all([proxy.close(), proxy.close()]);
    await Promise.all(open);
    await until(() => upstreams.every((socket) => socket.destroyed));
    expect(performance.now() - start).toBeLessThan(1_000);
    await proxy.close();
    expect(await refusal(url)).toBe('ECONNREFUSED');
  });

  it('connects nothing for a name that is found after its end', async () => {
    const server = await canary('127.0.0.1');
    servers.push(server.server);
    let answer: (addresses: string[]) => void = () => undefined;
    const resolve = () => new Promise<string[]>((found) => (answer = found));
    const proxy = await started([`slow.test:${server.port}`], { resolve });
    const asked = get(proxy, `http://slow.test:${server.port}/`);
    await until(() => account.report().requests === 1);
    await proxy.close();
    answer(['127.0.0.1']);
    expect(await asked).toBe('');
    await new Promise((done) => setTimeout(done, 50));
    expect(server.hits()).toBe(0);
  });

  it('never opens when it is closed before, or meanwhile', async () => {
    const doors = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;
    await until(() => doors() === 0);
    const make = () => new EgressProxy({ allow: [], deny: [], ports: [80] }, new EgressAccount(BUDGET));
    const [early, meanwhile] = [make(), make()];
    await early.close();
    const starting = [early.start(), meanwhile.start()];
    await meanwhile.close();
    expect((await Promise.allSettled(starting)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(doors()).toBe(0);
  });
});

describe(EgressService.name, () => {
  const serviceFor = (env: Record<string, string>, resolve = lookUp) => new EgressService(loadConfig(env), resolve);
  const tunnel = (proxyUrl: string, authority: string) =>
    raw(proxyUrl, `CONNECT ${authority} HTTP/1.1\r\nHost: x\r\n\r\n`);

  it('gives every task a door and a budget of its own, which others do not touch', async () => {
    const service = serviceFor({});
    const [a, b] = await Promise.all([
      service.open({ ...BUDGET, requests: 2 }),
      service.open({ ...BUDGET, requests: 2 }),
    ]);
    for (let n = 0; n < 3; n++) await tunnel(a.proxyUrl, '10.0.0.1:443');
    expect(a.report()).toMatchObject({ requests: 2, refused: { private: 2, request_budget: 1 } });
    expect(b.report()).toEqual({ requests: 0, bytes: 0, refused: {}, refusedHosts: [] });
    expect(await tunnel(b.proxyUrl, '127.0.0.1:443')).toMatch(/403[^]*loopback\n$/);
    expect(b.report()).toMatchObject({ requests: 1, refused: { loopback: 1 } });
    expect(a.report().refused).not.toHaveProperty('loopback');
    await service.onApplicationShutdown();
  });

  it('closes a door with its task, and leaves the others open', async () => {
    const server = createTcpServer((socket) => void socket.on('error', () => undefined).pipe(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const service = serviceFor({ BROWSER_ALLOW_HOSTS: `127.0.0.1:${port}` });
    const [mine, other] = await Promise.all([service.open(BUDGET), service.open(BUDGET)]);
    const clients = [mine, other].map(({ proxyUrl }) => talk(proxyUrl));
    for (const client of clients) {
      client.say(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(status(await client.hear('\r\n\r\n'))).toBe(200);
    }

    await mine.end();
    await mine.end();

    await clients[0]!.ended();
    expect(await refusal(mine.proxyUrl)).toBe('ECONNREFUSED');
    expect(mine.report().requests).toBe(1);
    clients[1]!.say('still here');
    expect(await clients[1]!.hear('here')).toBe('still here');

    await service.onApplicationShutdown();
    await clients[1]!.ended();
    expect(await refusal(other.proxyUrl)).toBe('ECONNREFUSED');
    server.close();
  });

  it('opens none that would outlive the shutdown', async () => {
    const service = serviceFor({});
    await service.onApplicationShutdown();
    const opening = service.open(BUDGET);
    await service.onApplicationShutdown();
    await expect(opening).rejects.toThrow('closed');
  });

  it('asks its resolver, and nobody else', async () => {
    const service = serviceFor({}, (name) => Promise.resolve(name === 'example.com' ? ['10.0.0.1'] : []));
    const { proxyUrl, end } = await service.open(BUDGET);
    expect(await tunnel(proxyUrl, 'example.com:443')).toMatch(/403[^]*private\n$/);
    expect(await tunnel(proxyUrl, 'example.org:443')).toMatch(/502[^]*unresolved\n$/);
    await end();
  });

  it('says why a URL may not be opened', () => {
    const service = serviceFor({ BROWSER_ALLOW_HOSTS: 'intranet' });
    expect(service.admit('HTTP://INTRANET')).toBe('http://intranet/');
    expect(() => service.admit('http://127.1/')).toThrow(
      expect.objectContaining({ code: 'url_not_allowed', kind: 'forbidden', extensions: { reason: 'loopback' } }),
    );
  });
});
