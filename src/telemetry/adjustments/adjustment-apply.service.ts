import { Inject, Injectable } from '@nestjs/common';
import { OperatorError } from '../../common/errors/operator.error';
import { journal } from '../../common/logging/journal';
import { CONFIG, type Config } from '../../config/config';
import { UnitOfWork } from '../../database/unit-of-work';
import { EventLogService } from '../../events/event-log.service';
import { SessionService } from '../../session/session.service';
import { SwitchGateway } from '../../switch-gateway/switch-gateway.service';
import { AdjustmentRepository } from './adjustment.repository';
import type { ApplicableKey, ApplyError, SwitchChange } from './adjustment.types';
import type { OperatorSwitchAdjustment } from './operator-switch-adjustment.entity';
import { switchChanges } from './switch-changes';
import { AdjustmentAppliedError, AdjustmentInProgressError, AdjustmentNotFoundError } from './adjustment.errors';

/** What the database may take before and after Switch is told. */
const CLAIM_MARGIN_MS = 10_000;

interface Claim {
  adjustment: OperatorSwitchAdjustment;
  changes: SwitchChange[];
  /** Until when it is ours, which tells our claim from any other. */
  until: Date;
}

/**
 * Tells Switch what an adjustment wants. The row is claimed first, so that nobody else tells it too; a claim that a
 * crash left behind runs out, and telling Switch the same again does no harm.
 */
@Injectable()
export class AdjustmentApplyService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly adjustments: AdjustmentRepository,
    private readonly sessions: SessionService,
    private readonly events: EventLogService,
    private readonly gateway: SwitchGateway,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async apply(id: number): Promise<OperatorSwitchAdjustment> {
    const claim = await this.claim(id);
    await this.tell(claim);
    const applied = await this.complete(claim);
    journal(`switch_adjustment:applied:${id}`, { session_id: applied.sessionId }, { adjustment_id: id });
    return applied;
  }

  private claim(id: number): Promise<Claim> {
    return this.unitOfWork.run(async () => {
      const now = new Date();
      const until = this.claimEnd(now);
      const isOurs = await this.adjustments.claim(id, now, until);
      const adjustment = await this.adjustments.find(id);
      if (!adjustment) throw new AdjustmentNotFoundError();
      if (adjustment.applied) throw new AdjustmentAppliedError();
      if (!isOurs) throw new AdjustmentInProgressError();
      return { adjustment, changes: switchChanges(adjustment.afterConfig), until };
    });
  }

  /** Each call to Switch has a deadline of its own: a claim outlives all of them. */
  private claimEnd(now: Date): Date {
    return new Date(now.getTime() + 2 * this.config.switch.timeoutMs + CLAIM_MARGIN_MS);
  }

  private async tell(claim: Claim): Promise<void> {
    const done: ApplicableKey[] = [];
    for (const { key, model } of claim.changes) {
      try {
        if (key === 'default_model') await this.gateway.setDefaultModel(model);
        else await this.gateway.preloadModel(model);
      } catch (error) {
        throw await this.refuse(claim, error, key, done);
      }
      done.push(key);
    }
  }

  /** Stores why, and what Switch had taken by then. Returns the error with that added. */
  private async refuse({ adjustment, until }: Claim, error: unknown, key: ApplicableKey, done: ApplicableKey[]) {
    const { id, sessionId } = adjustment;
    const reason: ApplyError =
      error instanceof OperatorError
        ? { error: error.code, detail: error.message, key, done }
        : { error: 'internal_error', detail: 'Something went wrong on our side.', key, done };
    await this.unitOfWork.run(() => this.adjustments.markRefused(id, until, reason));
    journal(`switch_adjustment:refused:${id}`, { session_id: sessionId }, { ...reason, adjustment_id: id });
    if (!(error instanceof OperatorError)) return error;
    return error.about({ adjustment_id: id, session_id: sessionId, key, done: done.join(', ') || null });
  }

  private complete({ adjustment: { id, sessionId }, until }: Claim): Promise<OperatorSwitchAdjustment> {
    const at = new Date();
    return this.unitOfWork.run(async () => {
      // Erased while Switch was told: there is nothing left to write on.
      if (!(await this.sessions.lock(sessionId, at))) throw new AdjustmentNotFoundError();
      if (!(await this.adjustments.markApplied(id, until, at))) throw new AdjustmentInProgressError();
      await this.events.append(sessionId, [{ type: 'adjustment.applied', data: { adjustment_id: id } }], at);
      return (await this.adjustments.find(id))!;
    });
  }
}
