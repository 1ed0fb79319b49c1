import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { idempotencyOf } from '../../../common/http/idempotency';
import { PageQueryDto } from '../../../common/http/page-query.dto';
import { IsRowId, IsRowIdText } from '../../../common/http/row-id';
import { IsSessionId, IsStorableText } from '../../../common/http/text.validators';
import {
  BROWSER_TASK_STATUSES,
  type BrowserTaskCommand,
  type BrowserTaskFilter,
  type BrowserTaskStatus,
  type Effects,
  type TaskLimits,
} from '../browser-task.types';
import { BrowserActionDto, isWriting, toAction } from './browser-action.dto';

const ACTIONS_MAX = 50;
const TASK_MS_MAX = 120_000;

export class BrowserCaptureDto {
  /** The page’s text. */
  @IsOptional()
  @IsBoolean()
  text?: boolean | null = true;

  /** A picture of it. */
  @IsOptional()
  @IsBoolean()
  screenshot?: boolean | null = true;

  /** The whole page in the picture, not only what is to be seen. */
  @IsOptional()
  @IsBoolean()
  full_page?: boolean | null = false;
}

export class BrowserLimitsDto {
  /**
   * How long the whole task may run, in milliseconds.
   * @example 30000
   */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(TASK_MS_MAX)
  max_ms?: number | null;

  /**
   * How many requests its pages may make; the service’s own limit counts too.
   * @example 200
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  max_requests?: number | null;

  /**
   * How many bytes they may send and receive; the service’s own limit counts too.
   * @example 10000000
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  max_bytes?: number | null;

  /**
   * How many bytes of the page’s text the answer shows; the service’s own limit counts too.
   * @example 4096
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  text_bytes?: number | null;
}

const LIMITS = ['max_ms', 'max_requests', 'max_bytes', 'text_bytes'] as const;

export class BrowserTaskRequestDto {
  /**
   * The page to open. At most 2,048 characters; http or https.
   * @example 'https://example.com/'
   */
  @IsNotEmpty()
  @IsStorableText()
  url: string;

  /**
   * The session it belongs to, begun if there is none of this name. That of the tool call, or a new one, when left out.
   * @example 'support-4711'
   */
  @IsOptional()
  @IsSessionId()
  session_id?: string | null;

  /**
   * The tool call that asked for it.
   * @example 7
   */
  @IsOptional()
  @IsRowId()
  tool_call_id?: number | null;

  /**
   * What to do there, at most 50 steps in this order. `url` is opened first, unless the first step is a `goto`. Without
   * steps the page is opened, and captured.
   */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(ACTIONS_MAX)
  @ValidateNested({ each: true })
  @Type(() => BrowserActionDto)
  actions?: BrowserActionDto[] | null;

  /** What is taken of the page at the end. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => BrowserCaptureDto)
  capture?: BrowserCaptureDto | null;

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => BrowserLimitsDto)
  limits?: BrowserLimitsDto | null;

  /**
   * Whether it may be run again after a crash (`read`), or may have changed something and is not (`write`). `write` when
   * left out and a step is `click`, `fill`, `press`, `select` or `evaluate`, else `read`.
   */
  @IsOptional()
  @IsIn(['read', 'write'])
  effects?: Effects | null;
}

/** The request as a command, every field there. `most` are the limits that no task may go beyond. */
export function toCommand(
  request: BrowserTaskRequestDto,
  most: TaskLimits,
  idempotencyKey: string | undefined,
): BrowserTaskCommand {
  const { url, session_id, tool_call_id, capture, limits, effects } = request;
  const actions = (request.actions ?? []).map(toAction);
  const command = {
    url,
    sessionId: session_id ?? null,
    toolCallId: tool_call_id ?? null,
    request: {
      actions,
      capture: {
        text: capture?.text ?? true,
        screenshot: capture?.screenshot ?? true,
        fullPage: capture?.full_page ?? false,
      },
      limits: {
        maxMs: limits?.max_ms ?? most.maxMs,
        maxRequests: Math.min(limits?.max_requests ?? Infinity, most.maxRequests),
        maxBytes: Math.min(limits?.max_bytes ?? Infinity, most.maxBytes),
        textBytes: Math.min(limits?.text_bytes ?? Infinity, most.textBytes),
      },
    },
    effects: effects ?? (actions.some(isWriting) ? 'write' : 'read'),
  } as const;
  // The request as it came: what is configured may change between two that are the same.
  const asked = { ...command, request: { ...command.request, limits: LIMITS.map((name) => limits?.[name] ?? null) } };
  return { ...command, idempotency: idempotencyOf(idempotencyKey, asked) };
}

export class BrowserTaskPathDto {
  /** @example 3 */
  @IsRowIdText()
  task_id: number;
}

export class BrowserTaskListQueryDto extends PageQueryDto {
  /** Only tasks of this session. */
  @IsOptional()
  @IsStorableText()
  @MaxLength(64)
  session_id?: string;

  /** Only tasks that this tool call asked for. */
  @IsOptional()
  @IsRowIdText()
  tool_call_id?: number;

  /** Only tasks that are like this. */
  @IsOptional()
  @IsIn(BROWSER_TASK_STATUSES)
  status?: BrowserTaskStatus;
}

export const toFilter = ({ session_id, tool_call_id, status }: BrowserTaskListQueryDto): BrowserTaskFilter => ({
  sessionId: session_id,
  toolCallId: tool_call_id,
  status,
});
