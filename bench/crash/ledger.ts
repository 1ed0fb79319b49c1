/** A request as its client remembers it. */
export interface Entry {
  key: string;
  /** Null: the service names the session. */
  sessionId: string | null;
  /** Different in every request, so that its rows can be told from all others. */
  message: string;
  timesAsked: number;
  isInFlight: boolean;
}

/** What a 200 said. From then on the turn must be there, whatever happens. */
export interface Promised {
  entry: Entry;
  sessionId: string;
  turnId: string;
  messageId: number;
  response: string;
}

/** The same words whoever misses it, so that it counts once. */
export const describe = ({ entry, turnId }: Promised): string => `${entry.key}, acknowledged as turn ${turnId}`;

/** What all clients asked, and what they were promised. */
export class Ledger {
  readonly promised: Promised[] = [];
  private readonly entries = new Map<string, Entry>();
  private readonly unanswered = new Set<Entry>();

  /** A new request. */
  write(sessionId: string | null): Entry {
    const number = this.entries.size + 1;
    const entry = { key: `key-${number}`, sessionId, message: `question ${number}`, timesAsked: 0, isInFlight: false };
    this.entries.set(entry.key, entry);
    this.unanswered.add(entry);
    return entry;
  }

  acknowledge(promised: Promised): void {
    this.promised.push(promised);
    this.unanswered.delete(promised.entry);
  }

  find(key: string | null): Entry | undefined {
    return key === null ? undefined : this.entries.get(key);
  }

  isOpen(entry: Entry): boolean {
    return this.unanswered.has(entry);
  }

  /** Requests that nobody answered and nobody is asking again, the oldest first. */
  open(): Entry[] {
    return [...this.unanswered].filter(({ isInFlight }) => !isInFlight);
  }
}
