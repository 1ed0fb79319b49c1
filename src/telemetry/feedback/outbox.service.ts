import { Inject, Injectable, Logger } from '@nestjs/common';
import { Metrics } from '../../common/metrics/metrics.service';
import { CONFIG, type Config } from '../../config/config';
import { UnitOfWork } from '../../database/unit-of-work';
import { type OutboxEntry, OutboxRepository } from './outbox.repository';

/** How long entries that were taken stay with their taker, should it die over them. */
const CLAIM_MS = 60_000;
/** A full outbox makes room for this part of itself. */
const SPARE = 100;
const DROPS_LOGGED_EVERY_MS = 60_000;

/**
 * What upstreams are still to be told: as durable as what it is about, since it is written in the same transaction, and
 * bounded, since the oldest goes when there is too much.
 */
@Injectable()
export class OutboxService {
  private readonly logger = new Logger('Outbox');
  /** About right between two looks at the table; other instances write it too. */
  private depth = 0;
  private dropsLoggedAt = -Infinity;
  private readonly countDropped: (labels: { reason: 'full' | 'refused' }, by?: number) => void;
  private readonly countDelivered: (labels: object, by?: number) => void;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: OutboxRepository,
    metrics: Metrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    metrics.gauge({ name: 'operator_outbox_entries', help: 'Messages that upstreams are still to be told.' }, () => [
      { value: this.depth },
    ]);
    this.countDropped = metrics.counter({
      name: 'operator_outbox_dropped_total',
      help: 'Messages that nobody will be told: there was no room, or the upstream would not have them.',
      labelNames: ['reason'],
    });
    this.countDelivered = metrics.counter({
      name: 'operator_outbox_delivered_total',
      help: 'Messages that upstreams were told.',
    });
  }

  /** Joins the caller's unit of work: it is told if, and only if, that becomes durable. */
  async append(topic: string, payload: unknown, at: Date): Promise<void> {
    const surplus = ++this.depth - this.config.outbox.max;
    // Some more than need be, so that a full outbox does not cost every turn a delete.
    if (surplus > 0) await this.dropOldest(surplus + Math.floor(this.config.outbox.max / SPARE));
    await this.outbox.append(topic, payload, at);
  }

  /** Entries that are due, oldest first, for the caller alone. */
  claim(topic: string, limit: number): Promise<OutboxEntry[]> {
    const now = new Date();
    return this.unitOfWork.run(() => this.outbox.claim(topic, now, new Date(now.getTime() + CLAIM_MS), limit));
  }

  /** Says what became of claimed entries: `delivered` and `refused` go, `postponed` are due again at `until`. */
  async settle(outcome: {
    delivered: number[];
    refused: number[];
    postponed: number[];
    until: Date;
    failure?: { id: number; error: string };
  }): Promise<void> {
    const { delivered, refused, postponed, until, failure } = outcome;
    await this.unitOfWork.run(async () => {
      const gone = [...delivered, ...refused];
      if (gone.length > 0) await this.outbox.remove(gone);
      if (failure) await this.outbox.noteFailure(failure.id, failure.error);
      if (postponed.length > 0) await this.outbox.postpone(postponed, until);
    });
    this.countDelivered({}, delivered.length);
    this.countDropped({ reason: 'refused' }, refused.length);
  }

  /** At start: whoever claimed entries before is gone, if this process alone writes. Answers as `look` does. */
  async recover(): Promise<Date | null> {
    const now = new Date();
    const claimedUntil = new Date(now.getTime() + CLAIM_MS);
    if (this.unitOfWork.isExclusive) {
      await this.unitOfWork.run(() => this.outbox.releaseClaims(now, claimedUntil));
    }
    return this.look();
  }

  /** Looks how full it is. Answers until when the last entry waits. */
  async look(): Promise<Date | null> {
    const { depth, waitsUntil } = await this.outbox.state();
    this.depth = depth;
    return waitsUntil;
  }

  private async dropOldest(count: number): Promise<void> {
    const dropped = await this.outbox.removeOldest(count);
    this.depth -= dropped;
    this.countDropped({ reason: 'full' }, dropped);
    if (performance.now() - this.dropsLoggedAt < DROPS_LOGGED_EVERY_MS) return;
    this.dropsLoggedAt = performance.now();
    this.logger.warn({ event: 'outbox:full', max: this.config.outbox.max });
  }
}
