import type { ThrottlerStorage } from '@nestjs/throttler';

interface Window {
  hits: number;
  endsAt: number;
}

/**
 * Counts requests in a fixed window for each key: one small entry a key, no timers, and no more keys than are allowed.
 * When there are too many, the one whose window ends first is forgotten.
 */
export class RateLimitStore implements ThrottlerStorage {
  /** In the order in which they end, since all are of one length. */
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly keysMax = 10_000,
    private readonly now = () => performance.now(),
  ) {}

  get size(): number {
    return this.windows.size;
  }

  async increment(key: string, windowMs: number, limit: number) {
    // Whole milliseconds: a fraction that is lost in adding would promise a second more than the window has.
    const now = Math.floor(this.now());
    this.forget(now);
    const window = this.windows.get(key) ?? this.open(key, now + windowMs);
    // Refused requests count no further: the number stays as small as the limit.
    const isBlocked = window.hits >= limit;
    if (!isBlocked) window.hits++;
    const seconds = Math.ceil((window.endsAt - now) / 1_000);
    return { totalHits: window.hits, timeToExpire: seconds, isBlocked, timeToBlockExpire: isBlocked ? seconds : 0 };
  }

  private open(key: string, endsAt: number): Window {
    if (this.windows.size >= this.keysMax) this.windows.delete(this.windows.keys().next().value!);
    const window = { hits: 0, endsAt };
    this.windows.set(key, window);
    return window;
  }

  /** Each window is forgotten once: no request pays for more than were opened before it. */
  private forget(now: number): void {
    for (const [key, { endsAt }] of this.windows) {
      if (endsAt > now) return;
      this.windows.delete(key);
    }
  }
}
