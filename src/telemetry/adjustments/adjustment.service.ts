import { Inject, Injectable } from '@nestjs/common';
import { PayloadTooLargeError } from '../../common/errors/http.errors';
import { type Idempotency, answersFor } from '../../common/http/idempotency';
import { journal } from '../../common/logging/journal';
import { CONFIG, type Config } from '../../config/config';
import { isUniqueViolation } from '../../database/database.errors';
import { UnitOfWork } from '../../database/unit-of-work';
import { EventLogService } from '../../events/event-log.service';
import { MessageNotFoundError, SessionNotFoundError } from '../../session/session.errors';
import { SessionService } from '../../session/session.service';
import { AdjustmentRepository } from './adjustment.repository';
import type { AdjustmentCommand, AdjustmentFilter, RecordedAdjustment } from './adjustment.types';
import type { OperatorSwitchAdjustment } from './operator-switch-adjustment.entity';
import { AdjustmentNotFoundError } from './adjustment.errors';

export interface Recording {
  adjustment: RecordedAdjustment;
  /** Recorded before, by a request with the same key. */
  isReplay: boolean;
}

/** The record of what somebody wanted changed in the router, and why. Applying it is another matter. */
@Injectable()
export class AdjustmentService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly adjustments: AdjustmentRepository,
    private readonly sessions: SessionService,
    private readonly events: EventLogService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async record(command: AdjustmentCommand): Promise<Recording> {
    this.checkSizes(command);
    const recording = await this.recordOrFind(command);
    const { id, sessionId } = recording.adjustment;
    const what = recording.isReplay ? 'replayed' : 'recorded';
    journal(`switch_adjustment:${what}:${sessionId}`, { session_id: sessionId }, { adjustment_id: id });
    return recording;
  }

  async get(id: number): Promise<OperatorSwitchAdjustment> {
    const adjustment = await this.adjustments.find(id);
    if (!adjustment) throw new AdjustmentNotFoundError();
    journal(`switch_adjustment:retrieved:${id}`, { session_id: adjustment.sessionId }, { adjustment_id: id });
    return adjustment;
  }

  /** The newest first. */
  async list(
    filter: AdjustmentFilter,
    before: number | null,
    limit: number,
  ): Promise<{ items: OperatorSwitchAdjustment[]; nextCursor: number | null }> {
    journal('switch_adjustments_listed');
    const found = await this.adjustments.list(filter, before, limit + 1);
    const items = found.slice(0, limit);
    return { items, nextCursor: found.length > limit ? items.at(-1)!.id : null };
  }

  private async recordOrFind(command: AdjustmentCommand): Promise<Recording> {
    try {
      return await this.recordOnce(command);
    } catch (error) {
      // Another instance has stored a twin of this request at the same moment: now it is known.
      if (isUniqueViolation(error)) return this.recordOnce(command);
      throw error;
    }
  }

  private recordOnce(command: AdjustmentCommand): Promise<Recording> {
    const { sessionId, messageId, idempotency } = command;
    const at = new Date();
    return this.unitOfWork.run(async () => {
      const known = idempotency && (await this.known(idempotency));
      if (known) return { adjustment: known, isReplay: true };

      if (!(await this.sessions.lock(sessionId, at))) throw new SessionNotFoundError();
      if (messageId !== null && !(await this.adjustments.hasMessage(sessionId, messageId))) {
        throw new MessageNotFoundError();
      }
      const id = await this.adjustments.insert(command, at);
      await this.events.append(
        sessionId,
        [{ type: 'adjustment.created', data: { adjustment_id: id, message_id: messageId } }],
        at,
      );
      return { adjustment: { id, sessionId, messageId, createdAt: at }, isReplay: false };
    });
  }

  private async known(idempotency: Idempotency): Promise<RecordedAdjustment | null> {
    const record = await this.adjustments.byKey(idempotency.key);
    if (!record || answersFor(record, idempotency)) return record;
    await this.adjustments.releaseKey(idempotency.key);
    return null;
  }

  private checkSizes({ beforeConfig, afterConfig }: AdjustmentCommand): void {
    const { metadataBytes } = this.config.limits;
    for (const [name, config] of Object.entries({ before_config: beforeConfig, after_config: afterConfig })) {
      if (Buffer.byteLength(JSON.stringify(config)) > metadataBytes)
        throw new PayloadTooLargeError(name, metadataBytes);
    }
  }
}
