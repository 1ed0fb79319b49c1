import { IsBoolean, IsInt, IsOptional, Length, Max, MaxLength, Min } from 'class-validator';
import { IsNotBlank, IsStorableText } from '../../../common/http/text.validators';
import type { SwitchFeedback } from '../../../switch-gateway/switch-gateway.types';

const INT_MAX = 2_147_483_647;

export class FeedbackRequestDto {
  /**
   * Which engine it is about, by the router's name for it.
   * @example 'general-7b'
   */
  @IsNotBlank()
  @IsStorableText()
  @Length(1, 128)
  engine: string;

  /**
   * Whether its answer was of use.
   * @example false
   */
  @IsBoolean()
  success: boolean;

  /**
   * How long it took.
   * @example 812
   */
  @IsInt()
  @Min(0)
  @Max(INT_MAX)
  latency_ms: number;

  /**
   * What it used.
   * @example 57
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(INT_MAX)
  tokens?: number | null;

  /**
   * What went wrong.
   * @example 'The answer was cut short.'
   */
  @IsOptional()
  @IsStorableText()
  @MaxLength(1_000)
  error?: string | null;
}

export const toFeedback = ({ engine, success, latency_ms, tokens, error }: FeedbackRequestDto): SwitchFeedback => ({
  engine,
  success,
  latencyMs: latency_ms,
  tokens: tokens ?? undefined,
  error: error ?? undefined,
});

export class FeedbackResponseDto {
  /**
   * `accepted`: on disk, and on its way to Switch. `discarded`: the engine has no use for feedback.
   * @example 'accepted'
   */
  status: 'accepted' | 'discarded';
  /** Why it was discarded; null otherwise. */
  reason: string | null;

  static from(isAccepted: boolean): FeedbackResponseDto {
    return isAccepted
      ? { status: 'accepted', reason: null }
      : { status: 'discarded', reason: 'The embedded engine learns from nothing. Set SWITCH_URL for one that does.' };
  }
}
