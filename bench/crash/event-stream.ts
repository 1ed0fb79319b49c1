import { type ClientRequest, request } from 'node:http';
import { TOKEN } from '../support/service';

export interface StreamedEvent {
  /** Where a reader goes on who has got it; null when it does not say. */
  id: string | null;
  data: string;
}

export interface StreamRequest {
  path: string;
  /** With a body it is a POST. */
  body?: string;
  headers?: Record<string, string>;
}

export interface StreamEnd {
  /** 0: there was no answer. */
  status: number;
  /** What came instead of events, or after the last of them. */
  rest: string;
}

/** A request that is answered by events, each told as soon as it is complete. */
export class EventStream {
  /** Whoever ended it, and however. */
  readonly ended: Promise<StreamEnd>;
  private readonly outgoing: ClientRequest;
  private status = 0;
  private text = '';

  constructor(
    url: string,
    { path, body, headers }: StreamRequest,
    private readonly onEvent: (event: StreamedEvent) => void,
  ) {
    const content = body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    this.outgoing = request(new URL(path, url), {
      agent: false,
      method: body ? 'POST' : 'GET',
      headers: { accept: 'text/event-stream', 'x-vx11-token': TOKEN, ...content, ...headers },
    });
    this.ended = new Promise((resolve) => {
      this.outgoing.once('close', () => resolve({ status: this.status, rest: this.text }));
    });
    this.outgoing.on('error', () => undefined); // it shows in what is missing
    this.outgoing.once('response', (incoming) => {
      this.status = incoming.statusCode!;
      incoming.on('error', () => undefined);
      incoming.setEncoding('utf8').on('data', (text: string) => this.read(text));
    });
    this.outgoing.end(body);
  }

  /** Goes away without a word, as clients do. */
  close(): void {
    this.outgoing.destroy();
  }

  private read(text: string): void {
    const blocks = (this.text + text).split('\n\n');
    this.text = blocks.pop()!;
    for (const lines of blocks.map((block) => block.split('\n'))) {
      const of = (field: string) => lines.find((line) => line.startsWith(field))?.slice(field.length);
      const data = of('data: ');
      if (data !== undefined) this.onEvent({ id: of('id: ') ?? null, data });
    }
  }
}
