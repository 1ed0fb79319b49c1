import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { TOKEN } from '../support/service';
import { Transcript, nowUs } from './tokens';

export interface OperatorEvent {
  type: string;
  seq: number | null;
  data: { turn_id: string; offset: number; text: string };
}

export interface Received<Data> {
  data: Data;
  arrivedAt: number;
}

/** An open stream. Only notes what arrives and when, so that reading it costs little while others are measured. */
export class EventStream {
  private readonly chunks: Received<Buffer>[] = [];
  private onChunk: (() => void) | null = null;
  readonly ended: Promise<unknown>;

  private constructor(private readonly incoming: IncomingMessage) {
    incoming.on('data', (data: Buffer) => {
      this.chunks.push({ data, arrivedAt: nowUs() });
      this.onChunk?.();
    });
    // A stream that broke off shows in what is missing.
    incoming.once('error', () => undefined);
    this.ended = once(incoming, 'close').then(() => this.onChunk?.());
  }

  /** Rejects unless it is a 200. */
  static async open(url: string, path: string, body?: object): Promise<EventStream> {
    const text = body && JSON.stringify(body);
    const headers = {
      accept: 'text/event-stream',
      'x-vx11-token': TOKEN,
      ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    const outgoing = request(new URL(path, url), { agent: false, method: text ? 'POST' : 'GET', headers });
    outgoing.end(text);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    if (incoming.statusCode !== 200) throw new Error(`${path} was answered with ${incoming.statusCode}.`);
    outgoing.on('error', () => undefined);
    return new EventStream(incoming);
  }

  static chat(url: string, sessionId: string, message: string): Promise<EventStream> {
    return EventStream.open(url, '/operator/chat', { session_id: sessionId, message });
  }

  /** Resolves once one of the events that have arrived is such; undefined when the stream ended without. */
  async until(isWanted: (event: OperatorEvent) => boolean): Promise<Received<OperatorEvent> | undefined> {
    for (let hasEnded = false; ;) {
      const found = this.events().find(({ data }) => isWanted(data));
      if (found || hasEnded) return found;
      await this.more();
      hasEnded = this.incoming.closed;
    }
  }

  /** When a text arrived that is in one of the last chunks, without reading the others; for streams that are long. */
  async untilTail(text: string): Promise<number> {
    for (let hasEnded = false; ;) {
      const tail = Buffer.concat(this.chunks.slice(-2).map(({ data }) => data));
      if (tail.includes(text)) return this.chunks.at(-1)!.arrivedAt;
      if (hasEnded) throw new Error(`The stream ended without "${text}".`);
      await this.more();
      hasEnded = this.incoming.closed;
    }
  }

  private more(): Promise<void> {
    return new Promise((resolve) => (this.onChunk = resolve));
  }

  /** The data of every event, with the time at which it was complete. */
  frames(): Received<string>[] {
    const found: Received<string>[] = [];
    let rest = '';
    for (const { data, arrivedAt } of this.chunks) {
      const blocks = (rest + data.toString('latin1')).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        const line = block.split('\n').find((text) => text.startsWith('data: '));
        if (line) found.push({ data: line.slice('data: '.length), arrivedAt });
      }
    }
    return found;
  }

  events(): Received<OperatorEvent>[] {
    return this.frames().map(({ data, arrivedAt }) => ({ data: JSON.parse(data) as OperatorEvent, arrivedAt }));
  }

  /** What this reader has been told of the answer of a turn; of the only turn, unless it says which. */
  transcript(name: string, turnId?: string): Transcript {
    const transcript = new Transcript(name);
    for (const { data: event, arrivedAt } of this.events()) {
      if (event.type !== 'message.delta' || (turnId && event.data.turn_id !== turnId)) continue;
      transcript.add(event.data.offset, event.data.text, arrivedAt);
    }
    return transcript;
  }

  close(): void {
    this.incoming.destroy();
  }
}
