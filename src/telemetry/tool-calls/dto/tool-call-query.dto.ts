import { Type } from 'class-transformer';
import { IsIn, IsInt, IsNotEmpty, IsOptional, IsUUID, Max, MaxLength, Min } from 'class-validator';
import { PageQueryDto } from '../../../common/http/page-query.dto';
import { IsMoment, IsStorableText } from '../../../common/http/text.validators';
import type { ToolCallFilter, ToolCallStatus } from '../tool-call.types';

export class ToolCallListQueryDto extends PageQueryDto {
  /** Only calls of this session. */
  @IsOptional()
  @IsStorableText()
  @MaxLength(64)
  session_id?: string;

  /** Only calls of this message. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  message_id?: number;

  /** Only calls of this turn. */
  @IsOptional()
  @IsUUID()
  turn_id?: string;

  /** Only calls of this tool. */
  @IsOptional()
  @IsStorableText()
  @IsNotEmpty()
  @MaxLength(100)
  tool_name?: string;

  /** Only calls that are like this. */
  @IsOptional()
  @IsIn(['pending', 'ok', 'error'])
  status?: ToolCallStatus;

  /**
   * Only calls recorded at this moment or later.
   * @example '2026-11-23T00:00:00Z'
   */
  @IsOptional()
  @IsMoment()
  from?: string;

  /**
   * Only calls recorded before this moment.
   * @example '2026-11-24T00:00:00Z'
   */
  @IsOptional()
  @IsMoment()
  to?: string;
}

export class ToolStatsQueryDto {
  /**
   * Only calls recorded at this moment or later. From the first one when left out.
   * @example '2026-11-23T00:00:00Z'
   */
  @IsOptional()
  @IsMoment()
  from?: string;

  /**
   * Only calls recorded before this moment. To the last one when left out.
   * @example '2026-11-24T00:00:00Z'
   */
  @IsOptional()
  @IsMoment()
  to?: string;

  /** Only this tool. */
  @IsOptional()
  @IsStorableText()
  @IsNotEmpty()
  @MaxLength(100)
  tool_name?: string;
}

export const toFilter = (query: ToolCallListQueryDto): ToolCallFilter => ({
  sessionId: query.session_id,
  messageId: query.message_id,
  turnId: query.turn_id,
  toolName: query.tool_name,
  status: query.status,
  ...toRange(query),
});

export const toRange = ({ from, to }: { from?: string; to?: string }): { from?: Date; to?: Date } => ({
  ...(from !== undefined && { from: new Date(from) }),
  ...(to !== undefined && { to: new Date(to) }),
});
