import { toCursor } from '../../../common/http/page';
import type { ApplicableKey, ApplyError, RecordedAdjustment } from '../adjustment.types';
import type { OperatorSwitchAdjustment } from '../operator-switch-adjustment.entity';

export class RecordedAdjustmentDto {
  /** @example 'ok' */
  status: 'ok';
  /** @example 6 */
  adjustment_id: number;
  /** @example 'support-4711' */
  session_id: string;
  /** @example 42 */
  message_id: number | null;
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;

  static from({ id, sessionId, messageId, createdAt }: RecordedAdjustment): RecordedAdjustmentDto {
    return {
      status: 'ok',
      adjustment_id: id,
      session_id: sessionId,
      message_id: messageId,
      created_at: createdAt.toISOString(),
    };
  }
}

export class ApplyErrorDto {
  /** @example 'model_not_found' */
  error: string;
  /** @example 'Switch has no model “audio-engineering”.' */
  detail: string;
  /** What Switch did not do. */
  key: ApplicableKey;
  /**
   * What Switch had done before, and is not undone.
   * @example []
   */
  done: ApplicableKey[];

  static from({ error, detail, key, done }: ApplyError): ApplyErrorDto {
    return { error, detail, key, done };
  }
}

export class AdjustmentResponseDto {
  /** @example 6 */
  adjustment_id: number;
  /** @example 'support-4711' */
  session_id: string;
  /**
   * The message that gave rise to it.
   * @example 42
   */
  message_id: number | null;
  /**
   * As the client sent it: an object, unless the original Operator wrote it.
   * @example { "default_model": "general-7b", "temperature": 0.2 }
   */
  before_config: unknown;
  /**
   * As the client sent it.
   * @example { "default_model": "audio-engineering", "temperature": 0.7 }
   */
  after_config: unknown;
  /** @example 'Answers about audio are too shallow.' */
  reason: string | null;
  /** Whether Switch has been told, and agreed. */
  applied: boolean;
  /**
   * Null while it is not applied.
   * @example '2026-11-23T09:31:00.000Z'
   */
  applied_at: string | null;
  /** Why it could not be applied the last time; null when nobody tried, or it is applied. */
  apply_error: ApplyErrorDto | null;
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;

  static from(adjustment: OperatorSwitchAdjustment): AdjustmentResponseDto {
    return {
      adjustment_id: adjustment.id,
      session_id: adjustment.sessionId,
      message_id: adjustment.messageId,
      before_config: adjustment.beforeConfig,
      after_config: adjustment.afterConfig,
      reason: adjustment.reason,
      applied: adjustment.applied,
      applied_at: adjustment.appliedAt?.toISOString() ?? null,
      apply_error: adjustment.applyError && ApplyErrorDto.from(adjustment.applyError),
      created_at: adjustment.createdAt.toISOString(),
    };
  }
}

export class AdjustmentListResponseDto {
  items: AdjustmentResponseDto[];
  /** Hands out the next page; null after the last. */
  next_cursor: string | null;

  static from(page: { items: OperatorSwitchAdjustment[]; nextCursor: number | null }): AdjustmentListResponseDto {
    return { items: page.items.map(AdjustmentResponseDto.from), next_cursor: toCursor(page.nextCursor) };
  }
}
