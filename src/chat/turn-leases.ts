import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config';
import { UnitOfWork } from '../database/unit-of-work';
import { TurnInProgressError } from './chat.errors';
import { type Lease, TurnRepository } from './turn.repository';
import type { TurnRecord } from './turn.types';

/** Who runs which turn. A lease that is no longer renewed says that its process is gone. */
@Injectable()
export class TurnLeases implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(TurnLeases.name);
  private readonly owner = randomUUID();
  private readonly running = new Map<string, AbortController>();
  private timer: NodeJS.Timeout;

  constructor(
    private readonly turns: TurnRepository,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.renew(), this.config.turn.leaseMs / 3);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  next(): Lease {
    return { owner: this.owner, expiresAt: new Date(Date.now() + this.config.turn.leaseMs) };
  }

  /** Makes a turn this process' own while `work` runs. The signal tells the work to stop. */
  async hold<T>(turn: { id: string; sessionId: string }, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.running.has(turn.id)) throw new TurnInProgressError(turn);
    const abort = new AbortController();
    this.running.set(turn.id, abort);
    try {
      return await work(abort.signal);
    } finally {
      this.running.delete(turn.id);
    }
  }

  /** Whether some process is at work on this turn: this one if it knows of it, another as long as its lease lasts. */
  isHeld(turn: TurnRecord): boolean {
    return turn.leaseOwner === this.owner ? this.running.has(turn.id) : this.isHeldElsewhere(turn);
  }

  isHeldElsewhere({ leaseOwner, leaseExpiresAt }: TurnRecord): boolean {
    if (this.unitOfWork.isExclusive || leaseOwner === this.owner) return false;
    return leaseExpiresAt !== null && leaseExpiresAt.getTime() > Date.now();
  }

  /** Tells every turn of this process to stop. */
  abortAll(): void {
    for (const abort of this.running.values()) abort.abort();
  }

  private async renew(): Promise<void> {
    if (this.running.size === 0) return;
    try {
      await this.unitOfWork.run(() => this.turns.renewLeases(this.next()));
    } catch (error) {
      this.logger.warn({ event: 'lease:not_renewed', err: error });
    }
  }
}
