import type { ToolApproval, ToolCallPosition, ToolCallRecord } from '../tool-call.types';
import { toToolCallCursor } from '../tool-call-cursor';

export class ToolCallResponseDto {
  /** @example 7 */
  id: number;
  /**
   * As the client calls it, if it does.
   * @example 'call_8f14e45f'
   */
  call_id: string | null;
  /** @example 42 */
  message_id: number;
  /** @example 'support-4711' */
  session_id: string;
  /**
   * Null for calls of messages that the original Operator wrote.
   * @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d'
   */
  turn_id: string | null;
  /** @example 'browser' */
  tool_name: string;
  /**
   * `pending`, `ok` or `error`, or what the original Operator noted.
   * @example 'ok'
   */
  status: string;
  /** @example 128 */
  duration_ms: number | null;
  /**
   * Whatever the tool gave back, as JSON.
   * @example { "title": "Example Domain" }
   */
  result: unknown;
  error: string | null;
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;
  /**
   * When it was first said to have ended; null while it is pending, and where nobody said.
   * @example '2026-11-23T09:30:00.000Z'
   */
  finished_at: string | null;

  /**
   * What an engine has asked for; null for calls that others report.
   * @example { "url": "https://example.com" }
   */
  arguments: unknown;
  /** Whether a person has agreed to it; null when nobody had to. */
  approval: ToolApproval | null;

  static from(call: ToolCallRecord): ToolCallResponseDto {
    return {
      id: call.id,
      call_id: call.callId,
      message_id: call.messageId,
      session_id: call.sessionId,
      turn_id: call.turnId,
      tool_name: call.toolName,
      status: call.status,
      duration_ms: call.durationMs,
      result: call.result ?? null,
      error: call.error,
      created_at: call.createdAt.toISOString(),
      finished_at: call.finishedAt?.toISOString() ?? null,
      arguments: call.arguments ?? null,
      approval: call.approval,
    };
  }
}

export class ToolCallListResponseDto {
  items: ToolCallResponseDto[];
  /**
   * Hands out the next page; null after the last. Where filters leave little of much, a page may be short, or empty,
   * and yet have one.
   */
  next_cursor: string | null;

  static from({ items, next }: { items: ToolCallRecord[]; next: ToolCallPosition | null }): ToolCallListResponseDto {
    return { items: items.map(ToolCallResponseDto.from), next_cursor: toToolCallCursor(next) };
  }
}
