import { type Socket, connect } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { sharedClock } from './clock';
import { TOKEN } from './service';

export interface StreamedEvent {
  /** Where a reader goes on who has got it; null when it does not say. */
  id: string | null;
  type: string;
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
  /** Whether the answer came to its end; else the connection broke. */
  isWhole: boolean;
  /** What came instead of events. */
  body: string;
}

const LINE_END = '\r\n';

/** A request that is answered by events, over a bare socket: so that one process can read thousands of them. */
export class EventStream {
  readonly ended: Promise<StreamEnd>;
  private readonly socket: Socket;
  private readonly decoder = new StringDecoder('utf8');
  private end: (end: StreamEnd) => void;
  private unread: Buffer = Buffer.alloc(0);
  private text = '';
  private status = 0;
  /** Null: it comes in chunks. */
  private contentLength: number | null = null;

  /** `onEvent` is told when the bytes came. */
  constructor(
    url: string,
    request: StreamRequest,
    private readonly onEvent: (event: StreamedEvent, at: number) => void,
  ) {
    this.ended = new Promise((resolve) => (this.end = resolve));
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname).setNoDelay(true);
    this.socket.on('data', (bytes) => this.receive(bytes, sharedClock()));
    this.socket.on('error', () => undefined);
    this.socket.once('close', () => this.finish(false));
    this.socket.write(written(hostname, request));
  }

  /** Goes away without a word, as clients do. */
  close(): void {
    this.socket.destroy();
  }

  private receive(bytes: Buffer, at: number): void {
    this.unread = this.unread.length > 0 ? Buffer.concat([this.unread, bytes]) : bytes;
    if (this.status === 0 && !this.readHead()) return;
    if (this.contentLength !== null) return this.readWhole(this.contentLength);
    while (this.readChunk());
    this.tell(at);
  }

  private readHead(): boolean {
    const end = this.unread.indexOf(LINE_END + LINE_END);
    if (end < 0) return false;
    const head = this.unread.toString('latin1', 0, end);
    this.unread = this.unread.subarray(end + 4);
    this.status = Number(head.slice(9, 12));
    const length = /^content-length: (\d+)$/im.exec(head)?.[1];
    this.contentLength = length === undefined ? null : Number(length);
    return true;
  }

  private readWhole(length: number): void {
    if (this.unread.length < length) return;
    this.text = this.unread.toString('utf8', 0, length);
    this.finish(true);
  }

  /** Only whole chunks are taken: they are as short as events. */
  private readChunk(): boolean {
    const begin = this.unread.indexOf(LINE_END) + 2;
    if (begin < 2) return false;
    const length = parseInt(this.unread.toString('latin1', 0, begin - 2), 16);
    if (this.unread.length < begin + length + 2) return false;
    this.text += this.decoder.write(this.unread.subarray(begin, begin + length));
    this.unread = this.unread.subarray(begin + length + 2);
    if (length === 0) setImmediate(() => this.finish(true));
    return length > 0;
  }

  private tell(at: number): void {
    if (this.status !== 200) return;
    const blocks = this.text.split('\n\n');
    this.text = blocks.pop()!;
    for (const block of blocks) {
      const event = parsed(block);
      if (event) this.onEvent(event, at);
    }
  }

  private finish(isWhole: boolean): void {
    this.end({ status: this.status, isWhole, body: this.text });
    this.socket.destroy();
  }
}

function written(host: string, { path, body, headers = {} }: StreamRequest): string {
  const all = { host, accept: 'text/event-stream', 'x-vx11-token': TOKEN, ...headers };
  const content =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const lines = Object.entries({ ...all, ...content }).map(([name, value]) => `${name}: ${value}`);
  return [`${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1`, ...lines, '', body ?? ''].join(LINE_END);
}

/** Null: it was a comment. */
function parsed(block: string): StreamedEvent | null {
  const event: StreamedEvent = { id: null, type: 'message', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith('data: ')) event.data = line.slice(6);
    else if (line.startsWith('event: ')) event.type = line.slice(7);
    else if (line.startsWith('id: ')) event.id = line.slice(4);
  }
  return event.data ? event : null;
}
