/** Says on every answer how much of its time was Operator's own. */
export const OVERHEAD_HEADER = 'X-Operator-Overhead-Ms';

/** Where the time of a turn went, in milliseconds. */
export interface TurnTime {
  operatorMs: number;
  upstreamMs: number;
  /** For earlier turns of the session. */
  waitingMs: number;
  /** Whether the engine was asked at all. */
  hasAsked: boolean;
}

/** Tells Operator's own time from that of the engine, and from that of the turns before. */
export class TurnClock {
  private waitingMs = 0;
  private askedMs = 0;
  private askedAt: number | null = null;
  private hasAsked = false;

  constructor(
    private readonly startedAt = performance.now(),
    private readonly now = () => performance.now(),
  ) {}

  /** How long the engine took, or has taken so far. */
  get upstreamMs(): number {
    return this.askedMs + (this.askedAt === null ? 0 : this.now() - this.askedAt);
  }

  waited(ms: number): void {
    this.waitingMs += ms;
  }

  async waiting<T>(work: Promise<T>): Promise<T> {
    const from = this.now();
    try {
      return await work;
    } finally {
      this.waited(this.now() - from);
    }
  }

  async asking<T>(ask: () => Promise<T>): Promise<T> {
    this.hasAsked = true;
    this.askedAt = this.now();
    try {
      return await ask();
    } finally {
      this.askedMs = this.upstreamMs;
      this.askedAt = null;
    }
  }

  read(): TurnTime {
    const { upstreamMs, waitingMs, hasAsked } = this;
    const operatorMs = Math.max(0, this.now() - this.startedAt - upstreamMs - waitingMs);
    return { operatorMs, upstreamMs, waitingMs, hasAsked };
  }
}
