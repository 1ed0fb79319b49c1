import { lookup } from 'node:dns/promises';
import { type IncomingMessage, type Server, type ServerResponse, createServer, request as send } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Duplex, Transform, pipeline } from 'node:stream';
import { EgressPass, type EgressBudget } from './egress-pass';
import { type Resolver, dial, within } from './dial';
import { type EgressPolicy, type Target, addressesReason, hostReason } from './host-rules';
import { type ProxyRequest, absoluteTarget, endToEnd, isAmbiguous, tunnelTarget } from './proxy-request';

export interface EgressProxyOptions {
  resolve?: Resolver;
  /** Longest that a name may take, and a connection. */
  connectTimeoutMs?: number;
  /** Longest that nothing may pass. */
  idleTimeoutMs?: number;
}

const HEADER_MAX_BYTES = 16_384;
/** Sockets of all browsers together. */
const SOCKETS_MAX = 1_024;

/** Why a request does not go on. `status` 403 is the guard's own refusal, 5xx a failure beyond it. */
class Refusal extends Error {
  constructor(
    readonly reason: string,
    readonly status = 403,
  ) {
    super(reason);
  }
}

/**
 * The only way from a browser to the network. A name is resolved once for each connection, and the connection goes to an
 * address that was checked: what the name means a moment later does not matter.
 */
export class EgressProxy {
  private readonly passes = new Map<string, EgressPass>();
  private readonly sockets = new Set<Duplex>();
  private readonly server: Server;
  private readonly resolve: Resolver;
  private readonly connectTimeoutMs: number;
  private readonly idleTimeoutMs: number;

  constructor(
    private readonly policy: EgressPolicy,
    options: EgressProxyOptions = {},
  ) {
    this.resolve = options.resolve ?? lookUp;
    this.connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
    this.idleTimeoutMs = options.idleTimeoutMs ?? 60_000;
    this.server = createServer({
      maxHeaderSize: HEADER_MAX_BYTES,
      insecureHTTPParser: false,
      headersTimeout: this.connectTimeoutMs,
    });
    this.server.maxConnections = SOCKETS_MAX;
    // A silent server is given up first, so that its client hears of it.
    this.server.timeout = this.idleTimeoutMs + 1_000;
    this.server.on('connection', (socket) => this.track(socket));
    this.server.on('request', (request, response) => void this.forward(request, response));
    this.server.on('connect', (request, client, head) => void this.tunnel(request, client, head));
  }

  /** Listens on a free port of this machine's loopback. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Lets a task out, until `revoke`. */
  issue(budget: EgressBudget): EgressPass {
    const pass = new EgressPass(budget);
    this.passes.set(pass.username, pass);
    return pass;
  }

  /** Ends what the pass has open, at once, and all use of it. */
  revoke(pass: EgressPass): void {
    this.passes.delete(pass.username);
    pass.end();
  }

  async close(): Promise<void> {
    for (const pass of this.passes.values()) this.revoke(pass);
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private async forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pass = this.passOf(request);
    const client = request.socket;
    const answer = (status: number, text: string) => {
      if (response.headersSent) return void client.destroy();
      const headers = { 'Content-Type': 'text/plain', 'Content-Length': text.length + 1, Connection: 'close' };
      response.writeHead(status, status === 407 ? { ...headers, ...CHALLENGE } : headers).end(`${text}\n`);
    };
    if (!pass) return answer(407, 'Credentials are wanted.');
    pass.hold(client);

    const target = absoluteTarget(request.url!);
    try {
      if (!target || isAmbiguous(request)) throw new Refusal('malformed', 400);
      const upstream = await this.reach(pass, target, client);
      await this.exchange(pass, target, upstream, request, response);
    } catch (error) {
      answer(...this.explain(pass, target, error));
    }
  }

  private exchange(
    pass: EgressPass,
    { authority, path }: ProxyRequest,
    upstream: Socket,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const isChunked = request.headers['transfer-encoding'] !== undefined;
    const exchanged = new Promise<void>((resolve, reject) => {
      const onward = send({
        createConnection: () => upstream,
        method: request.method,
        path,
        setHost: false,
        maxHeaderSize: HEADER_MAX_BYTES,
        insecureHTTPParser: false,
        headers: [
          ...['Host', authority, ...endToEnd(request, ['host', 'expect']), 'Connection', 'close'],
          // By itself Node would send the body of a GET without saying where it ends.
          ...(isChunked ? ['Transfer-Encoding', 'chunked'] : []),
        ] as never,
      });
      onward.once('response', (reply) => {
        try {
          const headers = [...endToEnd(reply), 'Connection', 'close'];
          if (!pass.spend(Buffer.byteLength(headers.join('')))) throw new Refusal('byte_budget');
          response.writeHead(reply.statusCode!, headers as never);
          pipeline(reply, this.meter(pass), response, (error) => (error ? reject(error) : resolve()));
        } catch (error) {
          reject(error);
        }
      });
      // An answer may come before the whole of the request has gone: then the answer rules.
      const fail = (error: unknown) => !response.headersSent && reject(error);
      onward.on('error', fail);
      onward.once('close', () => fail(new Error('There was no answer.')));
      response.once('close', () => resolve());
      pipeline(request, this.meter(pass), onward, (error) => error && fail(error));
    });
    return exchanged.finally(() => upstream.destroy());
  }

  private async tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    const answer = (status: number, text: string) => {
      const challenge = status === 407 ? `Proxy-Authenticate: ${CHALLENGE['Proxy-Authenticate']}\r\n` : '';
      const length = `Content-Type: text/plain\r\nContent-Length: ${text.length + 1}\r\nConnection: close\r\n`;
      client.end(`HTTP/1.1 ${status} Refused\r\n${challenge}${length}\r\n${text}\n`);
      client.resume();
      setTimeout(() => client.destroy(), 1_000).unref();
    };
    const pass = this.passOf(request);
    if (!pass) return answer(407, 'Credentials are wanted.');
    pass.hold(client);

    const target = tunnelTarget(request.url!);
    try {
      if (!target) throw new Refusal('malformed', 400);
      const upstream = await this.reach(pass, target, client);
      const refuse = () => pass.refuse(named(target), 'byte_budget');
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) client.unshift(head);
      this.join(pass, client as Socket, upstream, refuse);
    } catch (error) {
      answer(...this.explain(pass, target, error));
    }
  }

  /** Bytes both ways until both have ended, or one has broken. */
  private join(pass: EgressPass, client: Socket, upstream: Socket, overBudget: () => void): void {
    let isOver = false;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (chunk: Buffer) => {
        if (isOver || pass.spend(chunk.length)) return;
        isOver = true;
        overBudget();
        client.destroy();
        upstream.destroy();
      });
      from.setTimeout(this.idleTimeoutMs, () => from.destroy());
      from.on('error', () => to.destroy());
      // What has been written to the other side still arrives there.
      from.on('close', () => to.destroySoon());
      from.pipe(to);
    }
  }

  /** Decides, resolves, decides again, connects. Throws the reason when it does not come to that. */
  private async reach(pass: EgressPass, target: Target, client: Duplex): Promise<Socket> {
    const over = pass.admit();
    if (over) throw new Refusal(over);
    const reason = hostReason(target, this.policy);
    if (reason) throw new Refusal(reason);

    const release = pass.connect();
    try {
      const addresses = await this.addressesOf(target);
      const inner = addressesReason(target, addresses, this.policy);
      if (inner) throw new Refusal(inner);
      const upstream = await this.connect(addresses, target.port, pass, client);
      if (upstream.destroyed) throw new Refusal('unreachable', 502);
      upstream.once('close', release);
      return upstream;
    } catch (error) {
      release();
      throw error;
    }
  }

  private async addressesOf({ host }: Target): Promise<string[]> {
    if (host.kind === 'address') return [host.text];
    const addresses = await within(this.connectTimeoutMs, this.resolve(host.text)).catch(() => []);
    if (addresses.length === 0) throw new Refusal('unresolved', 502);
    return addresses;
  }

  private async connect(addresses: string[], port: number, pass: EgressPass, client: Duplex): Promise<Socket> {
    const hold = (socket: Socket) => {
      this.track(socket);
      pass.hold(socket);
      socket.setTimeout(this.idleTimeoutMs, () => socket.destroy());
      // Whoever leaves takes it along.
      if (client.destroyed) socket.destroy();
      client.once('close', () => socket.destroySoon());
    };
    return dial(addresses, port, this.connectTimeoutMs, hold).catch(() => {
      throw new Refusal('unreachable', 502);
    });
  }

  private passOf(request: IncomingMessage): EgressPass | null {
    const [, encoded] = /^Basic ([\w+/=-]{1,256})$/i.exec(request.headers['proxy-authorization'] ?? '') ?? [];
    if (!encoded) return null;
    const [username = '', password = ''] = Buffer.from(encoded, 'base64').toString().split(':');
    const pass = this.passes.get(username);
    return pass?.isPassword(password) ? pass : null;
  }

  /** The status and the words of what stopped a request, counted if the guard did. */
  private explain(pass: EgressPass, target: Target | null, error: unknown): [status: number, text: string] {
    if (!(error instanceof Refusal)) return [502, 'unreachable'];
    if (error.status < 500) pass.refuse(target ? named(target) : '', error.reason);
    return [error.status, error.reason];
  }

  private meter(pass: EgressPass): Transform {
    return new Transform({
      transform(chunk: Buffer, _, done) {
        if (pass.spend(chunk.length)) done(null, chunk);
        else done(new Refusal('byte_budget'));
      },
    });
  }

  private track(socket: Duplex): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }
}

const CHALLENGE = { 'Proxy-Authenticate': 'Basic realm="egress"' };

const named = ({ host, port }: Target): string => `${host.text}:${port}`;

const lookUp: Resolver = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);
