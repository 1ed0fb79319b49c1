import type { MessageDelta } from './events.types';

/** An event as it is stored. `data` is JSON. */
export interface StoredEvent {
  sessionId: string;
  seq: number;
  type: string;
  data: string;
  at: Date;
}

/**
 * An event on its way to those who watch, written out once for all of them.
 *
 * `seq` is null for what is not stored, or not yet: such an event cannot be asked for again. `cursor` is where a reader
 * goes on who has got this event.
 */
export class EventFrame {
  private text: string | undefined;
  private bytes: Buffer | undefined;

  constructor(
    readonly sessionId: string | null,
    readonly type: string,
    readonly data: string,
    readonly at: Date,
    readonly seq: number | null,
    readonly cursor: string,
    private parsed?: MessageDelta,
  ) {}

  static stored({ sessionId, type, data, at, seq }: StoredEvent): EventFrame {
    return new EventFrame(sessionId, type, data, at, seq, String(seq));
  }

  /** The event as one JSON object: a frame of a WebSocket, and the data of a server-sent event. */
  get json(): string {
    return (this.text ??=
      `{"type":${JSON.stringify(this.type)},"session_id":${JSON.stringify(this.sessionId)},"seq":${this.seq},` +
      `"timestamp":"${this.at.toISOString()}","data":${this.data}}`);
  }

  /** As `text/event-stream` has it. */
  get sse(): Buffer {
    // Not a text, of which each connection that is slow to take it would hold a copy.
    return (this.bytes ??= Buffer.from(
      `${this.cursor && `id: ${this.cursor}\n`}event: ${this.type}\ndata: ${this.json}\n\n`,
    ));
  }

  /** Null unless it is a piece of an answer. */
  get delta(): MessageDelta | null {
    return this.type === 'message.delta' ? (this.parsed ??= JSON.parse(this.data) as MessageDelta) : null;
  }
}
