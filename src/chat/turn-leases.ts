import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config';
import { UnitOfWork } from '../database/unit-of-work';
import { EventHub } from '../events/event-hub';
import { TurnCancelledError, TurnInProgressError } from './chat.errors';
import type { TurnText } from './turn-text';
import { type Lease, TurnRepository } from './turn.repository';
import type { TurnRecord } from './turn.types';

/** A turn that this process is at. */
export class HeldTurn {
  private readonly abort = new AbortController();
  /** What it has said so far; null while it has not begun. */
  text: TurnText | null = null;

  constructor() {
    // Each of its tools listens.
    setMaxListeners(0, this.abort.signal);
  }

  /** Tells the work to stop; its reason says why. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  stop(why?: Error): void {
    this.abort.abort(why);
  }
}

/** Who runs which turn. A lease that is no longer renewed says that its process is gone. */
@Injectable()
export class TurnLeases implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(TurnLeases.name);
  private readonly owner = randomUUID();
  private readonly held = new Map<string, HeldTurn>();
  private timer: NodeJS.Timeout;

  constructor(
    private readonly turns: TurnRepository,
    private readonly unitOfWork: UnitOfWork,
    @Inject(CONFIG) private readonly config: Config,
    hub: EventHub,
  ) {
    // The state first, then whoever is at it, in whichever process.
    hub.onStored(({ type, data }) => {
      if (type !== 'turn.cancelled' || this.held.size === 0) return;
      this.held.get((JSON.parse(data) as { turn_id: string }).turn_id)?.stop(new TurnCancelledError());
    });
  }

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

  /** Makes a turn this process' own while `work` runs. */
  async hold<T>(turn: { id: string; sessionId: string }, work: (held: HeldTurn) => Promise<T>): Promise<T> {
    const held = this.take(turn);
    try {
      return await work(held);
    } finally {
      this.release(turn.id);
    }
  }

  /** Makes a turn this process' own until it is released. */
  take(turn: { id: string; sessionId: string }): HeldTurn {
    if (this.held.has(turn.id)) throw new TurnInProgressError(turn);
    const held = new HeldTurn();
    this.held.set(turn.id, held);
    return held;
  }

  release(turnId: string): void {
    this.held.get(turnId)?.text?.forget();
    this.held.delete(turnId);
  }

  /** What a turn of this process has said, and will have: it says no more until it thaws. Undefined: it is of another. */
  freeze(turnId: string): string | undefined {
    return this.held.get(turnId)?.text?.freeze();
  }

  thaw(turnId: string): void {
    this.held.get(turnId)?.text?.thaw();
  }

  /** Whether some process is at work on this turn: this one if it knows of it, another as long as its lease lasts. */
  isHeld(turn: TurnRecord): boolean {
    return turn.leaseOwner === this.owner ? this.held.has(turn.id) : this.isHeldElsewhere(turn);
  }

  isHeldElsewhere({ leaseOwner, leaseExpiresAt }: TurnRecord): boolean {
    if (this.unitOfWork.isExclusive || leaseOwner === this.owner) return false;
    return leaseExpiresAt !== null && leaseExpiresAt.getTime() > Date.now();
  }

  /** Tells every turn of this process to stop. */
  abortAll(): void {
    for (const held of this.held.values()) held.stop();
  }

  private async renew(): Promise<void> {
    if (this.held.size === 0) return;
    try {
      await this.unitOfWork.run(() => this.turns.renewLeases(this.next()));
    } catch (error) {
      this.logger.warn({ event: 'lease:not_renewed', err: error });
    }
  }
}
