import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional, MaxLength } from 'class-validator';
import { idempotencyOf } from '../../../common/http/idempotency';
import { PageQueryDto } from '../../../common/http/page-query.dto';
import { IsRowId, IsRowIdText } from '../../../common/http/row-id';
import { IsJsonObject, IsNotBlank, IsStorableText } from '../../../common/http/text.validators';
import type { AdjustmentCommand } from '../adjustment.types';

const CONFIG_LEVELS = 16;

export class AdjustmentRequestDto {
  /**
   * The session in which it came up.
   * @example 'support-4711'
   */
  @IsStorableText()
  @MaxLength(64)
  session_id: string;

  /**
   * The message that gave rise to it, of the same session.
   * @example 42
   */
  @IsOptional()
  @IsRowId()
  message_id?: number | null;

  /**
   * What was configured. Any object, at most 16 KiB of JSON.
   * @example { "default_model": "general-7b", "temperature": 0.2 }
   */
  @IsJsonObject(CONFIG_LEVELS)
  before_config: Record<string, unknown>;

  /**
   * What is wanted. Any object, at most 16 KiB of JSON; `default_model` and `preload_model` can be applied.
   * @example { "default_model": "audio-engineering", "temperature": 0.7 }
   */
  @IsJsonObject(CONFIG_LEVELS)
  after_config: Record<string, unknown>;

  /**
   * Why.
   * @example 'Answers about audio are too shallow.'
   */
  @IsNotBlank()
  @IsStorableText()
  @MaxLength(4_096)
  reason: string;
}

/** The request as a command, every field there. */
export function toCommand(request: AdjustmentRequestDto, idempotencyKey: string | undefined): AdjustmentCommand {
  const { session_id, message_id, before_config, after_config, reason } = request;
  const command = {
    sessionId: session_id,
    messageId: message_id ?? null,
    beforeConfig: before_config,
    afterConfig: after_config,
    reason,
  };
  return { ...command, idempotency: idempotencyOf(idempotencyKey, command) };
}

export class AdjustmentPathDto {
  /** @example 6 */
  @IsRowIdText()
  adjustment_id: number;
}

export class AdjustmentListQueryDto extends PageQueryDto {
  /** Only this session's. */
  @IsOptional()
  @IsStorableText()
  @MaxLength(64)
  session_id?: string;

  /** Only those that this message gave rise to. */
  @IsOptional()
  @IsRowIdText()
  message_id?: number;

  /** Only those that have been applied, or only those that have not. */
  @IsOptional()
  @Transform(({ value }) => ({ true: true, false: false })[String(value)] ?? (value as unknown))
  @IsBoolean()
  applied?: boolean;
}
