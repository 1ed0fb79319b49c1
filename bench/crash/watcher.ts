import { setTimeout as sleep } from 'node:timers/promises';
import { EventStream, type StreamedEvent } from './event-stream';
import type { Findings } from './findings';
import type { Ledger } from './ledger';
import type { EventRow } from './records';
import { Trail } from './trail';

const PATIENCE_MS = 15_000;
const POLL_MS = 20;

/** Somebody who watches all that happens, and one session, and comes again after every crash for what was missed. */
export class Watcher {
  private readonly trail: Trail;
  private readonly seen: number[] = [];
  private everything: EventStream | null = null;
  private session: EventStream | null = null;
  private lastId: string | null = null;

  constructor(
    private readonly sessionId: string,
    private readonly ledger: Ledger,
    private readonly findings: Findings,
  ) {
    this.trail = new Trail(ledger, findings);
  }

  attach(url: string): void {
    this.everything?.close();
    this.session?.close();
    const after = `0-${this.seen.at(-1) ?? 0}`;
    const all = { path: '/operator/events?after=0-0', headers: { 'last-event-id': after } };
    this.everything = new EventStream(url, all, (event) => this.overhear(event));
    const path = `/operator/session/${this.sessionId}/events`;
    const headers: Record<string, string> = this.lastId === null ? {} : { 'last-event-id': this.lastId };
    this.session = new EventStream(url, { path, headers }, (event) => this.watch(event));
  }

  /** Every event that is stored was seen, in order and once, as far as the watcher has come. */
  check(events: EventRow[]): void {
    const stored = events.map(({ id }) => id).sort((one, other) => one - other);
    const wrong = this.seen.findIndex((id, index) => id !== stored[index]);
    if (wrong >= 0) this.findings.add('gaps', `event ${this.seen[wrong]} was seen where ${stored[wrong]} was due`);
  }

  /** The same when all of it must have come. */
  async checkAll(read: () => EventRow[]): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    const last = Math.max(...read().map(({ id }) => id));
    while ((this.seen.at(-1) ?? 0) < last && Date.now() < deadline) await sleep(POLL_MS);
    const events = read();
    this.check(events);
    if (this.seen.length < events.length) this.findings.add('gaps', `event ${last} was not seen`);
  }

  private overhear({ id, data }: StreamedEvent): void {
    const { session_id, seq } = JSON.parse(data) as { session_id: string; seq: number | null };
    if (id === null || seq === null) return;
    this.seen.push(Number(id.split('-')[1]));
    this.ledger.show(session_id, seq, data, this.findings);
  }

  private watch({ id, data }: StreamedEvent): void {
    const { session_id, seq } = JSON.parse(data) as { session_id: string; seq: number | null };
    this.trail.take(session_id, seq, id, data);
    this.lastId = id ?? this.lastId;
  }
}
