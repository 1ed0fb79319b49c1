import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../support/client';
import { EventStream } from './event-stream';
import type { Random } from '../support/random';
import type { Findings } from './findings';
import { Hearing } from './hearing';
import type { Entry, Ledger } from './ledger';
import type { Model } from './model';
import { newWish } from './wish';

const CLIENTS = 10;
/** Clients that all talk in one session; the others have sessions of their own. */
const SHARING = 4;
const TURNS_PER_SESSION = 4;
const RETRY_SHARE = 0.3;
const CANCELLED_SHARE = 0.3;
const CANCELLED_WITHIN_MS = 300;
const PATIENCE_MS = 15_000;

export const SHARED_SESSION = 'shared-stream';

/** A turn that its client wants to hear, and perhaps not to the end. */
interface Interest {
  hearing: Hearing;
  wantsCancel: boolean;
}

/** Those who hear their answers as they are given, and come again where they were cut off. */
export class StreamingClients {
  resumed = 0;
  private sessions = 0;
  private readonly interests = new Map<Entry, Interest>();

  constructor(
    private readonly ledger: Ledger,
    private readonly findings: Findings,
    private readonly random: Random,
    private readonly model: Model,
  ) {}

  /** Asks and asks, until the service is gone. */
  async talk(url: string, isKilled: () => boolean): Promise<void> {
    const client = new Client(url);
    await Promise.all(Array.from({ length: CLIENTS }, (_, index) => this.converse(client, url, index, isKilled)));
    client.close();
  }

  /** Comes again for what was cut off, until each turn has come to its end. */
  async resume(url: string, entries: Entry[]): Promise<void> {
    const client = new Client(url);
    await Promise.all(entries.map((entry) => this.insist(client, url, entry)));
    client.close();
  }

  private async converse(client: Client, url: string, index: number, isKilled: () => boolean): Promise<void> {
    for (let turn = 0; !isKilled(); turn++) {
      if (turn % TURNS_PER_SESSION === 0) this.sessions++;
      const waiting = this.random.chance(RETRY_SHARE) ? this.ledger.open('streamed')[0] : undefined;
      const session = index < SHARING ? SHARED_SESSION : `stream-${index}-${this.sessions}`;
      await this.hear(client, url, waiting ?? this.ledger.write(session, newWish(this.random)), isKilled);
    }
  }

  private async insist(client: Client, url: string, entry: Entry): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (this.ledger.isOpen(entry) && Date.now() < deadline) await this.hear(client, url, entry, () => false);
    if (this.ledger.isOpen(entry)) this.findings.add('refused', `${entry.key} never came to its end`);
    if (this.ledger.cancelled.has(entry.key)) await this.expectCancelled(client, entry);
  }

  /** Until the turn ends, or the stream does. */
  private async hear(client: Client, url: string, entry: Entry, isKilled: () => boolean): Promise<void> {
    const interest = this.interestIn(entry);
    const { hearing } = interest;
    const isResumed = hearing.lastId !== null && hearing.ended === null;
    entry.isInFlight = true;
    if (entry.timesAsked++ > 0 && isResumed) this.resumed++;
    if (!isResumed) hearing.asksAnew();
    const stream = new EventStream(url, isResumed ? comingAgain(hearing) : asking(entry), (event) => {
      hearing.take(event);
      // That of a session goes on; that of a turn ends with it.
      if (isResumed && hearing.ended) stream.close();
    });
    const timer = setTimeout(() => stream.close(), PATIENCE_MS);
    const cancelling = interest.wantsCancel ? this.cancel(client, interest, entry, stream, isKilled) : null;
    const { status, rest } = await stream.ended;
    clearTimeout(timer);
    await cancelling;
    entry.isInFlight = false;
    if (isKilled() || hearing.ended) return;
    this.findings.add(status === 404 ? 'lost' : 'refused', `${entry.key}: its stream ended early: ${status} ${rest}`);
  }

  private interestIn(entry: Entry): Interest {
    const known = this.interests.get(entry);
    if (known) return known;
    const hearing = new Hearing(entry, this.ledger, this.findings, this.model);
    const interest = { hearing, wantsCancel: this.random.chance(CANCELLED_SHARE) };
    this.interests.set(entry, interest);
    return interest;
  }

  /** Says once that the answer is not wanted any more. Whoever comes too late wants it. */
  private async cancel(
    client: Client,
    interest: Interest,
    entry: Entry,
    stream: EventStream,
    isKilled: () => boolean,
  ): Promise<void> {
    const { hearing } = interest;
    await Promise.race([hearing.begun, stream.ended]);
    await Promise.race([sleep(this.random.upTo(CANCELLED_WITHIN_MS)), stream.ended]);
    if (hearing.turnId === null || hearing.ended || isKilled()) return;
    try {
      const { status, body } = await client.post(`/operator/turn/${hearing.turnId}/cancel`, '');
      interest.wantsCancel = false;
      const told = JSON.parse(body) as { status: string; error?: string };
      if (status === 200 && told.status === 'cancelled') {
        const shown = this.ledger.cancelled.get(entry.key)?.shown ?? '';
        this.ledger.cancel({ entry, turnId: hearing.turnId, shown });
      } else if (told.error !== 'turn_finished') {
        this.findings.add('refused', `cancelling ${entry.key}: ${status} ${body}`);
      }
    } catch (error) {
      if (!isKilled()) this.findings.add('refused', `cancelling ${entry.key}: ${String(error)}`);
    }
  }

  private async expectCancelled(client: Client, { key, sessionId, message }: Entry): Promise<void> {
    const body = JSON.stringify({ session_id: sessionId, message });
    const answer = await client.post('/operator/chat', body, { 'idempotency-key': key });
    if (answer.status !== 409 || (JSON.parse(answer.body) as { error: string }).error !== 'turn_cancelled') {
      this.findings.add('not cancelled', `${key}: ${answer.status} ${answer.body}`);
    }
  }
}

const asking = ({ key, sessionId, message }: Entry) => ({
  path: '/operator/chat',
  body: JSON.stringify({ session_id: sessionId, message }),
  headers: { 'idempotency-key': key },
});

const comingAgain = ({ sessionId, lastId }: Hearing) => ({
  path: `/operator/session/${sessionId}/events`,
  headers: { 'last-event-id': lastId! },
});
