import { Injectable } from '@nestjs/common';

/** Another instance may run the task: then nobody here is told of its end. */
const LOOK_EVERY_MS = 1_000;

/** Requests that wait for a task to end. */
@Injectable()
export class TaskWaiters {
  private readonly waiting = new Map<number, Set<() => void>>();

  ended(id: number): void {
    for (const resolve of this.waiting.get(id) ?? []) resolve();
  }

  /** They learn how their task is doing now: nothing more will come of it here. */
  releaseAll(): void {
    for (const resolves of this.waiting.values()) for (const resolve of resolves) resolve();
  }

  /** Resolves when the task has ended, when time is over, or when `signal` says that nobody waits any more. */
  wait(id: number, waitMs: number, signal: AbortSignal, hasEnded: () => Promise<boolean>): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timeout);
        clearInterval(looking);
        signal.removeEventListener('abort', done);
        const others = this.waiting.get(id);
        others?.delete(done);
        if (others?.size === 0) this.waiting.delete(id);
        resolve();
      };
      const look = () => hasEnded().then((isOver) => isOver && done(), reject);
      const timeout = setTimeout(done, waitMs);
      const looking = setInterval(look, LOOK_EVERY_MS);
      signal.addEventListener('abort', done, { once: true });
      this.waiting.set(id, (this.waiting.get(id) ?? new Set()).add(done));
      // It may have ended before anybody waited.
      void look();
      if (signal.aborted) done();
    });
  }
}
