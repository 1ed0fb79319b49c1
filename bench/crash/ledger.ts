import type { Findings } from './findings';
import { type Wish, questionWith } from './wish';

/** A request as its client remembers it. */
export interface Entry {
  key: string;
  /** Null: the service names the session. */
  sessionId: string | null;
  /** Different in every request, so that its rows can be told from all others. */
  message: string;
  /** Null: it is answered by Switch, in one piece. */
  wish: Wish | null;
  timesAsked: number;
  isInFlight: boolean;
}

/** What a 200 said, or the event that ended a stream. From then on the turn must be there, whatever happens. */
export interface Promised {
  entry: Entry;
  sessionId: string;
  turnId: string;
  messageId: number;
  response: string;
}

/** A turn that a client was told is cancelled, and what it had seen of the answer until then. */
export interface Cancelled {
  entry: Entry;
  turnId: string;
  shown: string;
}

/** The same words whoever misses it, so that it counts once. */
export const describe = ({ entry, turnId }: Promised | Cancelled): string =>
  `${entry.key}, acknowledged as turn ${turnId}`;

/** An event's, in all logs. */
export const addressOf = (sessionId: string, seq: number): string => `${seq} of ${sessionId}`;

/** What all clients asked, what they were promised, and what they were shown. */
export class Ledger {
  readonly promised: Promised[] = [];
  readonly cancelled = new Map<string, Cancelled>();
  /** Events as they were sent, by session and `seq`. */
  readonly shown = new Map<string, string>();
  /** Events that somebody was not sent between others; they may only be pieces that had been heard before. */
  readonly skipped = new Set<string>();
  private readonly entries = new Map<string, Entry>();
  private readonly unanswered = new Set<Entry>();

  /** A new request. */
  write(sessionId: string | null, wish: Wish | null = null): Entry {
    const number = this.entries.size + 1;
    const message = wish ? questionWith(number, wish) : `question ${number}`;
    const entry = { key: `key-${number}`, sessionId, message, wish, timesAsked: 0, isInFlight: false };
    this.entries.set(entry.key, entry);
    this.unanswered.add(entry);
    return entry;
  }

  acknowledge(promised: Promised): void {
    this.promised.push(promised);
    this.unanswered.delete(promised.entry);
  }

  cancel(cancelled: Cancelled): void {
    this.cancelled.set(cancelled.entry.key, cancelled);
  }

  show(sessionId: string, seq: number, json: string, findings: Findings): void {
    const address = addressOf(sessionId, seq);
    const before = this.shown.get(address) ?? json;
    if (before !== json) findings.add('mismatched', `${address} was shown as ${before} and as ${json}`);
    this.shown.set(address, json);
  }

  skip(sessionId: string, seq: number): void {
    this.skipped.add(addressOf(sessionId, seq));
  }

  /** Nothing more is to come. */
  close(entry: Entry): void {
    this.unanswered.delete(entry);
  }

  find(key: string | null): Entry | undefined {
    return key === null ? undefined : this.entries.get(key);
  }

  isOpen(entry: Entry): boolean {
    return this.unanswered.has(entry);
  }

  /** Requests that nobody answered and nobody is asking again, the oldest first. */
  open(kind: 'plain' | 'streamed'): Entry[] {
    return [...this.unanswered].filter(({ isInFlight, wish }) => !isInFlight && (wish === null) === (kind === 'plain'));
  }
}
