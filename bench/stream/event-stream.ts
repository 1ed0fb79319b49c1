import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
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

/** What every connection is read into, one after the other. */
const READ = Buffer.allocUnsafe(64 * 1024);
const HEAD_END = '\r\n\r\n';

/**
 * An open stream. Only notes what arrives and when, from the socket itself, so that reading it costs little while others
 * are measured.
 */
export class EventStream {
  private readonly chunks: Received<Buffer>[] = [];
  private readonly socket: Socket;
  private onChunk: (() => void) | null = null;
  /** Of the answer, until it is whole. */
  private head = '';
  private onHead: ((error?: Error) => void) | null = null;
  readonly ended: Promise<unknown>;

  private constructor({ hostname, port }: URL, request: string) {
    const onread = { buffer: READ, callback: (size: number) => this.received(size) };
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true, onread });
    // A stream that broke off shows in what is missing.
    this.socket.on('error', (error) => this.onHead?.(error));
    this.ended = once(this.socket, 'close').then(() => this.onChunk?.());
    this.socket.write(request);
  }

  /** Rejects unless it is a 200. */
  static async open(url: string, path: string, body?: object): Promise<EventStream> {
    const at = new URL(path, url);
    const text = body ? JSON.stringify(body) : '';
    const length = Buffer.byteLength(text);
    // 1.0: nothing is wrapped into chunks.
    const head =
      `${text ? 'POST' : 'GET'} ${path} HTTP/1.0\r\nhost: ${at.host}\r\naccept: text/event-stream\r\n` +
      `x-vx11-token: ${TOKEN}\r\n${text && `content-type: application/json\r\ncontent-length: ${length}\r\n`}\r\n`;
    const stream = new EventStream(at, head + text);
    await new Promise<void>((resolve, reject) => {
      stream.onHead = (error) => (error ? reject(error) : resolve());
    });
    stream.onHead = null;
    const status = stream.head.split(' ')[1];
    if (status !== '200') throw new Error(`${path} was answered with ${status}.`);
    return stream;
  }

  private received(size: number): boolean {
    const arrivedAt = nowUs();
    const data = Buffer.from(READ.subarray(0, size));
    if (this.onHead) this.readHead(data, arrivedAt);
    else this.chunks.push({ data, arrivedAt });
    this.onChunk?.();
    return true;
  }

  private readHead(data: Buffer, arrivedAt: number): void {
    const text = this.head + data.toString('latin1');
    const end = text.indexOf(HEAD_END);
    this.head = end < 0 ? text : text.slice(0, end);
    if (end < 0) return;
    this.chunks.push({ data: Buffer.from(text.slice(end + HEAD_END.length), 'latin1'), arrivedAt });
    this.onHead!();
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
      hasEnded = this.socket.closed;
    }
  }

  /** When a text arrived that is in one of the last chunks, without reading the others; for streams that are long. */
  async untilTail(text: string): Promise<number> {
    for (let hasEnded = false; ;) {
      const tail = Buffer.concat(this.chunks.slice(-2).map(({ data }) => data));
      if (tail.includes(text)) return this.chunks.at(-1)!.arrivedAt;
      if (hasEnded) throw new Error(`The stream ended without "${text}".`);
      await this.more();
      hasEnded = this.socket.closed;
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
    this.socket.destroy();
  }
}
