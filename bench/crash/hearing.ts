import type { StreamedEvent } from './event-stream';
import type { Findings } from './findings';
import type { Entry, Ledger } from './ledger';
import type { Model } from './model';
import { Trail } from './trail';

interface Envelope {
  type: string;
  session_id: string;
  seq: number | null;
  data: {
    turn_id?: string;
    attempt?: number;
    offset?: number;
    text?: string;
    message_id?: number | null;
    error?: string;
  };
}

/** What one client has got of its turn, over however many connections. */
export class Hearing {
  turnId: string | null = null;
  sessionId: string | null = null;
  /** What the client goes on from when it comes again. */
  lastId: string | null = null;
  /** The event that ended the turn, or the attempt at it; null: it goes on. */
  ended: string | null = null;
  /** There is a turn that could be cancelled. */
  readonly begun: Promise<void>;
  private begin: () => void;
  private text = '';
  private attempt = 0;
  private trail: Trail;

  constructor(
    private readonly entry: Entry,
    private readonly ledger: Ledger,
    private readonly findings: Findings,
    private readonly model: Model,
  ) {
    this.begun = new Promise((resolve) => (this.begin = resolve));
  }

  /** Other turns of the session may have come in between. */
  asksAnew(): void {
    this.trail = new Trail(this.ledger, this.findings);
    this.lastId = null;
    this.ended = null;
  }

  take({ id, data: json }: StreamedEvent): void {
    const { type, session_id: sessionId, seq, data } = JSON.parse(json) as Envelope;
    this.lastId = id ?? this.lastId;
    this.sessionId ??= sessionId;
    this.turnId ??= data.turn_id ?? null;
    if (this.turnId !== null) this.begin();
    this.trail.take(sessionId, seq, id, json);
    if (data.turn_id === undefined || data.turn_id !== this.turnId) return;
    if (type === 'turn.started') this.startOver(data.attempt!);
    if (type === 'message.delta') this.hear(data);
    if (/^turn\.(succeeded|failed|cancelled)$/.test(type)) this.end(type, data);
  }

  private startOver(attempt: number): void {
    // A client that asks again may be told of all attempts once more.
    this.attempt = attempt;
    this.text = '';
    this.ended = null;
  }

  private hear({ attempt, offset, text }: Envelope['data']): void {
    const known = this.text.slice(offset, offset! + text!.length);
    if (attempt !== this.attempt || offset! > this.text.length || !text!.startsWith(known)) {
      this.findings.add('spliced', `${this.entry.key}, attempt ${attempt}: ${text} at ${offset} of ${this.text}`);
    }
    this.text += text!.slice(known.length);
  }

  private end(type: string, { message_id: messageId, error }: Envelope['data']): void {
    const { entry, sessionId, turnId } = this;
    this.ended = type;
    if (error && error !== 'interrupted') this.findings.add('refused', `${entry.key} failed: ${error}`);
    const isWhole = type === 'turn.succeeded';
    const flaw = this.text || isWhole ? this.model.flawIn(this.text, entry.message, isWhole) : null;
    if (flaw) this.findings.add('spliced', `${entry.key} heard: ${flaw}`);
    if (isWhole) {
      const promise = { sessionId: sessionId!, turnId: turnId!, messageId: messageId!, response: this.text };
      this.ledger.acknowledge({ entry, ...promise });
    }
    if (type === 'turn.cancelled') {
      this.ledger.cancel({ entry, turnId: turnId!, shown: this.text });
      this.ledger.close(entry);
    }
  }
}
