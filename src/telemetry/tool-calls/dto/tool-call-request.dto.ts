import { IsIn, IsInt, IsOptional, Length, Max, MaxLength, Min } from 'class-validator';
import { IsNotBlank, IsStorableText } from '../../../common/http/text.validators';
import { KeptAsItCame } from '../../../common/http/validation';
import type { ToolCallReport, ToolCallStatus } from '../tool-call.types';

const INT_MAX = 2_147_483_647;
const ERROR_LENGTH = 8_192;

export class ToolCallRequestDto {
  /**
   * The message that the tool was run for.
   * @example 42
   */
  @IsInt()
  @Min(1)
  @Max(INT_MAX)
  message_id: number;

  /** @example 'browser' */
  @IsNotBlank()
  @IsStorableText()
  @Length(1, 100)
  tool_name: string;

  /** @example 'ok' */
  @IsIn(['pending', 'ok', 'error'])
  status: ToolCallStatus;

  /** @example 128 */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(INT_MAX)
  duration_ms?: number | null;

  /**
   * Whatever the tool gave back: any JSON, at most 64 KiB of it.
   * @example { "title": "Example Domain" }
   */
  @IsOptional()
  @KeptAsItCame()
  result?: unknown;

  /** What went wrong. */
  @IsOptional()
  @IsStorableText()
  @MaxLength(ERROR_LENGTH)
  error?: string | null;

  /**
   * A name of the client's choice. The same name on the same message is the same call: reported again, it is updated
   * while it is pending, and never doubled.
   * @example 'call_8f14e45f'
   */
  @IsOptional()
  @IsNotBlank()
  @IsStorableText()
  @Length(1, 128)
  call_id?: string | null;
}

export const toReport = (request: ToolCallRequestDto): ToolCallReport => ({
  messageId: request.message_id,
  callId: request.call_id ?? null,
  toolName: request.tool_name,
  status: request.status,
  durationMs: request.duration_ms ?? null,
  result: request.result ?? null,
  error: request.error ?? null,
});
