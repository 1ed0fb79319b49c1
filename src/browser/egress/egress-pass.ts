import { randomBytes, timingSafeEqual } from 'node:crypto';
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

const HOSTS_LISTED = 100;

/** A task's way out: the credentials its browser shows to the proxy, what it may use, and what became of it. */
export class EgressPass {
  readonly username = randomBytes(12).toString('hex');
  readonly password = randomBytes(24).toString('base64url');
  private readonly open = new Set<Duplex>();
  private readonly refused: Record<string, number> = {};
  private readonly hosts = new Map<string, { host: string; reason: string; count: number }>();
  private requests = 0;
  private connections = 0;
  private bytes = 0;
  private isEnded = false;

  constructor(private readonly budget: EgressBudget) {}

  isPassword(given: string): boolean {
    const [a, b] = [Buffer.from(given), Buffer.from(this.password)];
    return a.length === b.length && timingSafeEqual(a, b);
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
    const key = `${reason} ${host}`;
    const entry = this.hosts.get(key);
    if (entry) entry.count++;
    else if (this.hosts.size < HOSTS_LISTED) this.hosts.set(key, { host: host.slice(0, 255), reason, count: 1 });
  }

  /** The socket ends with the pass. */
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
}
