import { type IncomingMessage, type Server, type ServerResponse, createServer, request as send } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Transform, pipeline } from 'node:stream';
import { type Resolver, dial, lookUp, within } from './dial';
import type { EgressAccount } from './egress-account';
import { type EgressPolicy, type Target, addressesReason, hostReason } from './host-rules';
import { type ProxyRequest, absoluteTarget, endToEnd, hasBody, isAmbiguous, tunnelTarget } from './proxy-request';

export interface EgressProxyOptions {
  resolve?: Resolver;
  /** Longest that a name may take, and a connection. */
  connectTimeoutMs?: number;
  /** Longest that nothing may pass. */
  idleTimeoutMs?: number;
}

const HEADER_MAX_BYTES = 16_384;
/** Well above what a browser opens and a budget lets out: it bounds what others on this machine could pile up here. */
const CLIENTS_MAX = 128;
/** Some take it to have no body, whatever its headers say, and would read that body as the next answer. */
const RESET_CONTENT = 205;

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
 * The only way from a task's browser to the network. A name is resolved once for each connection, and the connection
 * goes to an address that was checked: what the name means a moment later does not matter.
 */
export class EgressProxy {
  private readonly server: Server;
  private readonly resolve: Resolver;
  private readonly connectTimeoutMs: number;
  private readonly idleTimeoutMs: number;
  private readonly answers = new WeakMap<Socket, ServerResponse>();
  private listening: Promise<void> | null = null;
  private closing: Promise<void> | null = null;

  constructor(
    private readonly policy: EgressPolicy,
    private readonly account: EgressAccount,
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
    this.server.maxConnections = CLIENTS_MAX;
    // A silent server is given up first, so that its client hears of it.
    this.server.timeout = this.server.keepAliveTimeout = this.idleTimeoutMs + 1_000;
    this.server.on('connection', (client) => this.account.hold(client));
    this.server.on('request', (request, response) => void this.forward(request, response));
    this.server.on('connect', (request, client, head) => void this.tunnel(request, client as Socket, head));
  }

  /** Listens on a free port of this machine's loopback. */
  async start(): Promise<void> {
    if (!this.closing) await (this.listening = this.listen());
    if (this.closing) throw new Error('It was closed before it was open.');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends everything at once, on both sides. */
  close(): Promise<void> {
    return (this.closing ??= this.shut());
  }

  private listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      // Also for errors later on: without a listener they would end the process.
      this.server.on('error', reject);
      this.server.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
  }

  private async shut(): Promise<void> {
    this.account.end();
    // Closed any earlier, it would come to listen all the same.
    await this.listening?.catch(() => undefined);
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const client = request.socket;
    this.answers.set(client, response);
    const target = absoluteTarget(request.url!);
    try {
      if (!target || isAmbiguous(request)) throw new Refusal('malformed', 400);
      const upstream = await this.reach(target, client);
      await this.exchange(target, upstream, request, response);
    } catch (error) {
      const [status, text] = this.explain(target, error);
      if (response.headersSent) return void client.destroy();
      // What is left of this request must not be read as the next one.
      const last = status === 400 || hasBody(request) ? { Connection: 'close' } : {};
      // Tells our own answers from those of the page's server.
      const headers = {
        'Content-Type': 'text/plain',
        'Content-Length': text.length + 1,
        'Proxy-Status': `operator; details="${text}"`,
        ...last,
      };
      response.writeHead(status, headers).end(`${text}\n`);
    }
  }

  /**
   * One request and its answer. The client may stay for another, which is decided anew. What breaks off on the way ends
   * the client's connection before the answer's end, which a length or a last chunk marks: half of it looks like half.
   */
  private exchange(
    target: ProxyRequest,
    upstream: Socket,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { authority, path } = target;
    const exchanged = new Promise<void>((resolve, reject) => {
      const headers = [
        ...['Host', authority, ...endToEnd(request, ['host', 'expect']), 'Connection', 'close'],
        // By itself Node would send the body of a GET without saying where it ends.
        ...(request.headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked']),
      ];
      this.spend(path, ...headers);
      const onward = send({
        createConnection: () => upstream,
        method: request.method,
        path,
        setHost: false,
        maxHeaderSize: HEADER_MAX_BYTES,
        insecureHTTPParser: false,
        headers: headers as never,
      });
      onward.once('response', (reply) => {
        // Node takes a connection that breaks for the end of a body whose length was not said.
        onward.once('error', (error) => reply.complete || reply.destroy(error));
        try {
          const replied = endToEnd(reply, ['proxy-status']);
          if (reply.statusCode === RESET_CONTENT) replied.push('Connection', 'close');
          this.spend(...replied);
          response.writeHead(reply.statusCode!, replied as never);
          pipeline(reply, this.meter(), response, (error) => (error ? reject(error) : resolve()));
        } catch (error) {
          reject(error);
        }
      });
      // An answer may come before the whole of the request has gone: then the answer rules.
      const fail = (error: unknown) => !response.headersSent && reject(error);
      onward.on('error', fail);
      onward.once('close', () => fail(new Error('There was no answer.')));
      response.once('close', () => resolve());

      const body = request.pipe(this.meter());
      body.once('error', (error) => {
        if (!response.writableEnded) return reject(error);
        this.explain(target, error);
        request.socket.destroy();
      });
      // What the server no longer takes is read all the same: the next request comes after it.
      onward.once('unpipe', () => body.resume());
      body.pipe(onward);
      // Who waits for an answer before they send the body would wait for ever.
      onward.flushHeaders();
    });
    return exchanged.finally(() => upstream.destroy());
  }

  private async tunnel(request: IncomingMessage, client: Socket, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    // Sent ahead while an answer is under way, which would run into what the tunnel brings.
    if (this.answers.get(client)?.writableFinished === false) return void client.destroy();

    const target = tunnelTarget(request.url!);
    try {
      if (!target) throw new Refusal('malformed', 400);
      const upstream = await this.reach(target, client);
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) client.unshift(head);
      this.join(client, upstream, () => this.account.refuse(named(target), 'byte_budget'));
    } catch (error) {
      const [status, text] = this.explain(target, error);
      const length = `Content-Type: text/plain\r\nContent-Length: ${text.length + 1}\r\nConnection: close\r\n`;
      client.end(`HTTP/1.1 ${status} Refused\r\n${length}\r\n${text}\n`);
      client.resume();
      setTimeout(() => client.destroy(), 1_000).unref();
    }
  }

  /** Bytes both ways until both have ended, or one has broken. */
  private join(client: Socket, upstream: Socket, overBudget: () => void): void {
    let isOver = false;
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('data', (chunk: Buffer) => {
        if (isOver || this.account.spend(chunk.length)) return;
        isOver = true;
        overBudget();
        breakOff(client);
        breakOff(upstream);
      });
      from.on('error', () => breakOff(to));
      // What has been written to the other side still arrives there.
      from.on('close', () => to.destroySoon());
      from.pipe(to);
    }
  }

  /** Decides, resolves, decides again, connects. Throws the reason when it does not come to that. */
  private async reach(target: Target, client: Socket): Promise<Socket> {
    const over = this.account.admit();
    if (over) throw new Refusal(over);
    const reason = hostReason(target, this.policy);
    if (reason) throw new Refusal(reason);

    const release = this.account.connect();
    try {
      const addresses = await this.addressesOf(target);
      const inner = addressesReason(target, addresses, this.policy);
      if (inner) throw new Refusal(inner);
      const upstream = await this.connect(addresses, target.port, client);
      if (upstream.destroyed) throw new Refusal('unreachable', 502);
      upstream.once('close', release);
      this.account.reached(named(target));
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

  private async connect(addresses: string[], port: number, client: Socket): Promise<Socket> {
    const hold = (socket: Socket) => {
      this.account.hold(socket);
      socket.setTimeout(this.idleTimeoutMs, () => socket.destroy(new Error('Nothing passes.')));
      // Whoever leaves takes it along, but for what they have sent.
      const leave = () => (socket.connecting ? socket.destroy() : socket.destroySoon());
      client.once('close', leave);
      socket.once('close', () => client.off('close', leave));
      if (client.destroyed || client.readableEnded) socket.destroy();
    };
    return dial(addresses, port, this.connectTimeoutMs, hold).catch(() => {
      throw new Refusal('unreachable', 502);
    });
  }

  /** The status and the words of what stopped a request, counted if the guard did. */
  private explain(target: Target | null, error: unknown): [status: number, text: string] {
    const { reason, status } = error instanceof Refusal ? error : new Refusal('unreachable', 502);
    const host = target ? named(target) : '';
    if (status < 500) this.account.refuse(host, reason);
    else this.account.fail(host, reason);
    return [status, reason];
  }

  private spend(...texts: string[]): void {
    if (!this.account.spend(Buffer.byteLength(texts.join('')))) throw new Refusal('byte_budget');
  }

  private meter(): Transform {
    const { account } = this;
    return new Transform({
      transform(chunk: Buffer, _, done) {
        if (account.spend(chunk.length)) done(null, chunk);
        else done(new Refusal('byte_budget'));
      },
    });
  }
}

/** Ends a connection by a reset, which nobody takes for its regular end, unless that has been said already. */
function breakOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroySoon();
  else socket.resetAndDestroy();
}

const named = ({ host, port }: Target): string => `${host.text}:${port}`;
