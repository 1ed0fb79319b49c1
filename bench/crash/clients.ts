import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, Client } from '../support/client';
import type { Random } from '../support/random';
import { answerTo } from './upstreams';
import type { Findings } from './findings';
import type { Entry, Ledger } from './ledger';

const CLIENTS = 16;
/** Clients that all talk in one session; the others have sessions of their own. */
const SHARING = 6;
/** Clients that leave it to the service to name the session, a new one for every turn. */
const NAMELESS = 2;
const TURNS_PER_SESSION = 8;
/** How often a client takes up somebody's unanswered request instead of asking anew. */
const RETRY_SHARE = 0.3;
const PATIENCE_MS = 15_000;
const RETRY_AFTER_MS = 20;

interface ChatBody {
  session_id: string;
  turn_id: string;
  message_id: number;
  response: string;
}

/** Those who talk to the service and write down what it promised them. */
export class Clients {
  retried = 0;
  replayed = 0;
  private sessions = 0;

  constructor(
    private readonly ledger: Ledger,
    private readonly findings: Findings,
    private readonly random: Random,
  ) {}

  /** Asks and asks, until the service is gone. */
  async talk(url: string, isKilled: () => boolean): Promise<void> {
    const client = new Client(url);
    await Promise.all(Array.from({ length: CLIENTS }, (_, index) => this.converse(client, index, isKilled)));
    client.close();
  }

  /** Asks unanswered requests again, each with its key, until each has its 200. */
  async retry(url: string, entries: Entry[]): Promise<void> {
    const client = new Client(url);
    await Promise.all(entries.map((entry) => this.insist(client, entry)));
    client.close();
  }

  private async converse(client: Client, index: number, isKilled: () => boolean): Promise<void> {
    for (let turn = 0; ; turn++) {
      if (turn % TURNS_PER_SESSION === 0) this.sessions++;
      const entry = this.takeUp() ?? this.ledger.write(this.sessionOf(index));
      try {
        await this.ask(client, entry);
      } catch (error) {
        if (!isKilled()) this.findings.add('refused', `${entry.key}: ${String(error)}`);
        return;
      }
    }
  }

  private takeUp(): Entry | undefined {
    return this.random.chance(RETRY_SHARE) ? this.ledger.open('plain')[0] : undefined;
  }

  private sessionOf(index: number): string | null {
    if (index < SHARING) return 'shared';
    return index < SHARING + NAMELESS ? null : `own-${index}-${this.sessions}`;
  }

  private async insist(client: Client, entry: Entry): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      await this.ask(client, entry);
      if (!this.ledger.isOpen(entry)) return;
      await sleep(RETRY_AFTER_MS);
    }
    this.findings.add('refused', `${entry.key} never got its answer`);
  }

  /** Rejects if no answer came. */
  private async ask(client: Client, entry: Entry): Promise<void> {
    const { key, sessionId, message } = entry;
    if (entry.timesAsked++ === 1) this.retried++;
    entry.isInFlight = true;
    try {
      const body = JSON.stringify({ session_id: sessionId, message });
      this.note(entry, await client.post('/operator/chat', body, { 'idempotency-key': key }));
    } finally {
      entry.isInFlight = false;
    }
  }

  private note(entry: Entry, { status, headers, body }: Answer): void {
    // Recovery may be at the turn already: its client is told to come back.
    if (status === 409) return;
    if (status !== 200) {
      const { error } = JSON.parse(body) as { error: string };
      return this.findings.add('refused', `${entry.key}: ${status} ${error}`);
    }

    const { session_id: sessionId, turn_id: turnId, message_id: messageId, response } = JSON.parse(body) as ChatBody;
    if (headers['idempotency-replayed']) this.replayed++;
    if (response !== answerTo(entry.message) || (entry.sessionId ?? sessionId) !== sessionId) {
      this.findings.add('mismatched', `${entry.key} was answered "${response}" in ${sessionId}`);
    }
    this.ledger.acknowledge({ entry, sessionId, turnId, messageId, response });
  }
}
