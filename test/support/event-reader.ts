import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { createParser } from 'eventsource-parser';
import { AUTH } from './test-app';
import { until } from './until';

/** An event as Operator streams it. */
export interface StreamedEvent {
  id: string | undefined;
  type: string;
  session_id: string | null;
  seq: number | null;
  timestamp: string;
  data: any;
  /** The line as it came. */
  json: string;
}

export interface ReadOptions {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: object;
  /** Whether heartbeats are kept too. */
  withHeartbeats?: boolean;
}

/** A client of server-sent events. */
export class EventReader {
  readonly events: StreamedEvent[] = [];
  /** The body as it came. */
  raw = '';
  isEnded = false;
  private readonly parser = createParser({
    onEvent: ({ id, data }) => {
      const event = { id, json: data, ...(JSON.parse(data) as object) } as StreamedEvent;
      if (this.withHeartbeats || event.type !== 'heartbeat') this.events.push(event);
    },
  });

  private constructor(
    private readonly response: IncomingMessage,
    private readonly withHeartbeats: boolean,
  ) {
    response.setEncoding('utf8').on('data', (chunk: string) => {
      this.raw += chunk;
      this.parser.feed(chunk);
    });
    const ended = () => (this.isEnded = true);
    response.once('end', ended).once('close', ended).once('error', ended);
  }

  /** Resolves when the answer has begun, whichever status it has. */
  static open(url: string, options: ReadOptions = {}): Promise<EventReader> {
    const { method = 'GET', headers = AUTH, body, withHeartbeats = false } = options;
    return new Promise((resolve, reject) => {
      const accept = { Accept: 'text/event-stream', ...(body && { 'Content-Type': 'application/json' }) };
      const sent = request(url, { method, headers: { ...accept, ...headers }, agent: false }, (response) =>
        resolve(new EventReader(response, withHeartbeats)),
      );
      sent.once('error', reject);
      sent.end(body && JSON.stringify(body));
    });
  }

  get status(): number {
    return this.response.statusCode!;
  }

  get headers(): IncomingHttpHeaders {
    return this.response.headers;
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  /** Those that are stored. */
  get stored(): StreamedEvent[] {
    return this.events.filter(({ seq }) => seq !== null);
  }

  get lastId(): string | undefined {
    return this.events.findLast(({ id }) => id !== undefined)?.id;
  }

  /** The answer, each piece put in its place. */
  get text(): string {
    let text = '';
    for (const { type, data } of this.events) {
      if (type === 'turn.started') text = '';
      if (type === 'message.delta') text = text.slice(0, data.offset as number) + (data.text as string);
    }
    return text;
  }

  /** Waits for an event of this type, or for one that the test describes. */
  async until(wanted: string | ((event: StreamedEvent) => boolean), withinMs = 5_000): Promise<StreamedEvent> {
    const isWanted = typeof wanted === 'string' ? ({ type }: StreamedEvent) => type === wanted : wanted;
    await until(() => this.events.some(isWanted) || this.isEnded, withinMs);
    const found = this.events.find(isWanted);
    if (!found) throw new Error(`The stream has ended without it: ${this.types.join(', ')}`);
    return found;
  }

  async ended(withinMs = 5_000): Promise<void> {
    await until(() => this.isEnded, withinMs);
  }

  /** Takes nothing more from the connection. */
  stopReading(): void {
    this.response.pause();
  }

  close(): void {
    this.response.destroy();
  }
}
