/** An answer, when it was got, and whether a newer one is on its way. */
export interface Shared<T> {
  value: T;
  asOf: Date;
  isStale: boolean;
}

export interface SharedAnswerOptions {
  /** How long an answer is fresh. 0: none is kept, and only those who ask at the same time share one. */
  ttlMs: number;
  /** How long it may be shown after that, while a new one is fetched. */
  staleMs?: number;
  now?: () => number;
}

/**
 * One answer for everybody who asks, so that any number of requests make one round of calls. While it is fresh nobody
 * is called. After that the last one is served at once, while one refresh runs. Who finds none, or one that is too old,
 * waits for that refresh; it belongs to nobody, so nobody can cancel it.
 */
export class SharedAnswer<T> {
  private readonly ttlMs: number;
  private readonly staleMs: number;
  private readonly now: () => number;
  private last: { value: T; at: number } | null = null;
  private refreshing: Promise<{ value: T; at: number }> | null = null;

  constructor(
    private readonly fetch: () => Promise<T>,
    { ttlMs, staleMs = 0, now = Date.now }: SharedAnswerOptions,
  ) {
    this.ttlMs = ttlMs;
    this.staleMs = staleMs;
    this.now = now;
  }

  /** Rejects as `fetch` does, if there is nothing to serve instead. */
  async get(): Promise<Shared<T>> {
    if (this.last && this.isYoungerThan(this.ttlMs)) return shared(this.last, false);
    const refresh = (this.refreshing ??= this.refresh());
    if (!this.last || !this.isYoungerThan(this.ttlMs + this.staleMs)) return shared(await refresh, false);
    // Of a refresh that failed, those hear who have to wait for it.
    refresh.catch(() => undefined);
    return shared(this.last, true);
  }

  private async refresh(): Promise<{ value: T; at: number }> {
    try {
      const value = await this.fetch();
      const answer = { value, at: this.now() };
      if (this.ttlMs > 0) this.last = answer;
      return answer;
    } finally {
      this.refreshing = null;
    }
  }

  /** A clock that was set back makes it too old, not young for ever. */
  private isYoungerThan(ms: number): boolean {
    const age = this.now() - this.last!.at;
    return age >= 0 && age < ms;
  }
}

const shared = <T>({ value, at }: { value: T; at: number }, isStale: boolean): Shared<T> => ({
  value,
  asOf: new Date(at),
  isStale,
});
