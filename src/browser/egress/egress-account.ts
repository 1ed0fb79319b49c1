import type { Duplex } from 'node:stream';

/** What a task may use of the network in all, and how many connections at once. Bytes count both ways. */
export interface EgressBudget {
  requests: number;
  bytes: number;
  connections: number;
}

export interface EgressReport {
  requests: number;
  bytes: number;
  refused: Record<string, number>;
  /** The first of them, by host. */
  refusedHosts: { host: string; reason: string; count: number }[];
}

/** Why a host was not reached: the guard did not let it be, or it could not be. */
export interface Trouble {
  reason: string;
  isRefusal: boolean;
}

const HOSTS_LISTED = 100;

/** What one task has used of its budget, what it was refused, and the sockets that end with it. */
export class EgressAccount {
  private readonly open = new Set<Duplex>();
  private readonly refused: Record<string, number> = {};
  private readonly hosts = new Map<string, { host: string; reason: string; count: number }>();
  private readonly troubles = new Map<string, Trouble>();
  private readonly exhaustion = new AbortController();
  private requests = 0;
  private connections = 0;
  private bytes = 0;
  private isEnded = false;

  constructor(private readonly budget: EgressBudget) {}

  /** Aborted, with the name of the budget, once something was refused since that is spent: it does not come back. */
  get exhausted(): AbortSignal {
    return this.exhaustion.signal;
  }

  /** Counts a request. Says which budget it is over, or null. */
  admit(): 'request_budget' | 'byte_budget' | 'connection_budget' | null {
    if (this.requests >= this.budget.requests) return 'request_budget';
    this.requests++;
    if (this.bytes >= this.budget.bytes) return 'byte_budget';
    return this.connections >= this.budget.connections ? 'connection_budget' : null;
  }

  /** Takes one of the connections at once; the answer gives it back, however often it is called. */
  connect(): () => void {
    this.connections++;
    let isHeld = true;
    return () => {
      if (isHeld) this.connections--;
      isHeld = false;
    };
  }

  /** Counts bytes that have passed. False when there were too many: then everything must end. */
  spend(bytes: number): boolean {
    this.bytes += bytes;
    return this.bytes <= this.budget.bytes;
  }

  refuse(host: string, reason: string): void {
    this.refused[reason] = (this.refused[reason] ?? 0) + 1;
    if (reason === 'byte_budget' || reason === 'request_budget') this.exhaustion.abort(reason);
    this.remember(host, { reason, isRefusal: true });
    const key = `${reason} ${host}`;
    const entry = this.hosts.get(key);
    if (entry) entry.count++;
    else if (this.hosts.size < HOSTS_LISTED) this.hosts.set(key, { host: host.slice(0, 255), reason, count: 1 });
  }

  /** A host that cannot be reached, though it may be. */
  fail(host: string, reason: string): void {
    this.remember(host, { reason, isRefusal: false });
  }

  reached(host: string): void {
    this.troubles.delete(host);
  }

  /** What became of the last attempt to reach `host:port`, if nothing good. */
  troubleWith(host: string): Trouble | null {
    return this.troubles.get(host) ?? null;
  }

  /** The socket ends with the account. */
  hold(socket: Duplex): void {
    if (this.isEnded) socket.destroy();
    if (this.open.has(socket)) return;
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
  }

  end(): void {
    this.isEnded = true;
    for (const socket of this.open) socket.destroy();
  }

  report(): EgressReport {
    const { requests, bytes, refused } = this;
    return {
      requests,
      bytes,
      refused: { ...refused },
      refusedHosts: [...this.hosts.values()].map((one) => ({ ...one })),
    };
  }

  private remember(host: string, trouble: Trouble): void {
    if (this.troubles.has(host) || this.troubles.size < HOSTS_LISTED) this.troubles.set(host, trouble);
  }
}
