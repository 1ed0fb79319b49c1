import { Injectable } from '@nestjs/common';
import { IdempotencyKeyReusedError } from '../common/errors/http.errors';
import type { Idempotency } from '../common/http/idempotency';
import { TurnInProgressError } from './chat.errors';

interface Turn {
  id: string;
  sessionId: string;
}

interface InFlight {
  requestHash: string;
  /** Settles when the turn is stored, or will never be. */
  opened: Promise<Turn>;
}

/** Requests being answered, by Idempotency-Key: their twins are told of the turn instead of beginning another. */
@Injectable()
export class TurnsInFlight {
  private readonly byKey = new Map<string, InFlight>();

  /** Runs `work` unless a twin of it is running. It must call `opened` once the turn is stored, or fail. */
  async once<T>({ key, requestHash }: Idempotency, work: (opened: (turn: Turn) => void) => Promise<T>): Promise<T> {
    const twin = this.byKey.get(key);
    if (twin) {
      if (twin.requestHash !== requestHash) throw new IdempotencyKeyReusedError();
      throw new TurnInProgressError(await twin.opened);
    }

    let settle!: { resolve: (turn: Turn) => void; reject: (error: unknown) => void };
    const opened = new Promise<Turn>((resolve, reject) => (settle = { resolve, reject }));
    opened.catch(() => undefined); // nobody may be waiting for it
    this.byKey.set(key, { requestHash, opened });
    try {
      return await work(settle.resolve);
    } catch (error) {
      settle.reject(error);
      throw error;
    } finally {
      this.byKey.delete(key);
    }
  }
}
