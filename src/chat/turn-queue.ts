import { Inject, Injectable } from '@nestjs/common';
import { ShuttingDownError } from '../common/errors/http.errors';
import { CONFIG, type Config } from '../config/config';
import { QueueFullError } from './chat.errors';

/** Runs the turns of a session one after the other, those of different sessions at once, and no more than are allowed. */
@Injectable()
export class TurnQueue {
  private readonly lines = new Map<string, { last: Promise<unknown>; length: number }>();
  private readonly idleWaiters: (() => void)[] = [];
  private accepted = 0;
  private isClosed = false;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  isBusy(sessionId: string): boolean {
    return this.lines.has(sessionId);
  }

  /** Tells the turn how long it has waited for those before it. */
  async run<T>(sessionId: string, turn: (waitedMs: number) => Promise<T>): Promise<T> {
    const queuedAt = performance.now();
    const line = this.lines.get(sessionId) ?? { last: Promise.resolve(), length: 0 };
    if (this.isClosed) throw new ShuttingDownError();
    if (this.accepted >= this.config.turn.queue) throw new QueueFullError('here');
    if (line.length >= this.config.turn.queuePerSession) throw new QueueFullError('in this session');

    this.accepted++;
    line.length++;
    this.lines.set(sessionId, line);
    const running = line.last.then(() => {
      // Turns that had only been waiting have stored nothing yet.
      if (this.isClosed) throw new ShuttingDownError();
      return turn(performance.now() - queuedAt);
    });
    line.last = running.catch(() => undefined);
    try {
      return await running;
    } finally {
      this.accepted--;
      if (--line.length === 0) this.lines.delete(sessionId);
      if (this.accepted === 0) for (const resume of this.idleWaiters.splice(0)) resume();
    }
  }

  /** Takes no more turns; resolves when the running ones have ended. */
  close(): Promise<void> {
    this.isClosed = true;
    return this.accepted === 0 ? Promise.resolve() : new Promise((resolve) => this.idleWaiters.push(resolve));
  }
}
