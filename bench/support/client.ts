import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { TOKEN } from './service';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Barest HTTP with kept-alive connections, so that what is measured is the server. */
export class Client {
  private readonly agent: Agent;
  private readonly host: string;
  private readonly port: string;

  constructor(url: string, connections = Infinity) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
    ({ hostname: this.host, port: this.port } = new URL(url));
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  post(path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, body, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
  }

  close(): void {
    this.agent.destroy();
  }

  /** Rejects unless the answer arrived whole. */
  private send(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string | number> = {},
  ): Promise<Answer> {
    const { agent, host, port } = this;
    return new Promise((resolve, reject) => {
      const options = { agent, host, port, method, path, headers: { 'x-vx11-token': TOKEN, ...headers } };
      const outgoing = request(options, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => (text += chunk));
        incoming.once('error', reject);
        incoming.once('end', () => resolve({ status: incoming.statusCode!, headers: incoming.headers, body: text }));
      });
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}

/** Parses an answer that had to be a 200, or what else it had to be. */
export function expectOk<Body>({ status, body }: Answer, expected = 200): Body {
  if (status !== expected) throw new Error(`Expected a ${expected}, got ${status}: ${body.slice(0, 500)}`);
  return JSON.parse(body) as Body;
}
