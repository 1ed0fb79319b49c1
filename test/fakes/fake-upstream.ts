import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface UpstreamCall {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: any;
}

export type Answer = (call: UpstreamCall, response: ServerResponse) => void | Promise<void>;

export const json = (status: number, body: unknown): Answer =>
  raw(status, 'application/json', typeof body === 'string' ? body : JSON.stringify(body));

export function raw(status: number, type: string, body: string, headers: Record<string, string> = {}): Answer {
  return (_call, response) => void response.writeHead(status, { 'content-type': type, ...headers }).end(body);
}

/** A service that answers each `METHOD /path` as told, 404 to all others, and remembers what it was asked. */
export class FakeUpstream {
  readonly calls: UpstreamCall[] = [];
  /** If set, the answer to everything. */
  sickness: Answer | null = null;
  readonly routes: Record<string, Answer>;
  private server: Server;
  private port = 0;

  protected constructor(routes: Record<string, Answer> = {}) {
    this.routes = routes;
  }

  static async start(routes: Record<string, Answer> = {}): Promise<FakeUpstream> {
    const fake = new FakeUpstream(routes);
    await fake.listen();
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** `METHOD /path` of every call so far. */
  get asked(): string[] {
    return this.calls.map(({ method, path }) => `${method} ${path}`);
  }

  /** Comes back on the same port after `stop`. */
  async listen(): Promise<void> {
    this.server = createServer((request, response) => void this.answer(request, response));
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  protected answerTo({ method, path }: UpstreamCall): Answer | undefined {
    return this.routes[`${method} ${path}`];
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const call: UpstreamCall = {
      method: request.method!,
      path: request.url!,
      headers: request.headers,
      body: text ? JSON.parse(text) : undefined,
    };
    this.calls.push(call);
    const answer = this.sickness ?? this.answerTo(call) ?? json(404, '{"detail":"Not Found"}');
    await answer(call, response);
  }
}
