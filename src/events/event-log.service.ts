import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work';
import { EventHub } from './event-hub';
import { EventRepository } from './event.repository';
import type { OperatorEventBody } from './events.types';

/** The append-only record of what happened, the one source of everything that is live. */
@Injectable()
export class EventLogService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly events: EventRepository,
    private readonly hub: EventHub,
  ) {}

  /**
   * Appends in the ambient transaction; who watches hears of it when that is durable. The caller has written the
   * session's row in it, which makes other writers of the same session wait: so `seq` has neither gaps nor ties.
   * Returns the first event's `seq`.
   */
  async append(sessionId: string, events: OperatorEventBody[], at: Date): Promise<number> {
    const stored = await this.events.append(
      sessionId,
      events.map(({ type, data }) => ({ type, data: JSON.stringify(data) })),
      at,
    );
    this.unitOfWork.afterCommit(() => this.hub.publish(stored));
    return stored[0]!.seq;
  }

  /** The text that an attempt at a turn had come to, as far as it is stored. `from` is the turn's first event. */
  textOf(sessionId: string, turnId: string, attempt: number, from: number): Promise<string> {
    return this.events.textOf(sessionId, turnId, attempt, from);
  }
}
