import { toCursor } from '../../common/http/page';
import type { MessageWithToolCalls } from '../message-tool-calls.service';
import type { OperatorSession } from '../operator-session.entity';
import type { MessageRole, Page, RecordedToolCall } from '../session.types';

export class ToolCallDto {
  /** @example 7 */
  id: number;
  /** @example 'session_history' */
  tool_name: string;
  /** @example 'ok' */
  status: string;
  /** @example 3 */
  duration_ms: number | null;
  /**
   * Whatever the tool gave back, as JSON.
   * @example { "message_ids": [40, 41] }
   */
  result: unknown;
  error: string | null;

  static from({ id, toolName, status, durationMs, result, error }: RecordedToolCall): ToolCallDto {
    return { id, tool_name: toolName, status, duration_ms: durationMs, result: result ?? null, error };
  }
}

export class MessageResponseDto {
  /** @example 42 */
  id: number;
  /** @example 'user' */
  role: MessageRole;
  /** @example 'Why is the EU queue slow?' */
  content: string;
  /**
   * ISO 8601, UTC.
   * @example '2026-11-23T09:30:00.000Z'
   */
  timestamp: string;
  /**
   * The turn it belongs to; null for messages that the original Operator wrote.
   * @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d'
   */
  turn_id: string | null;
  /** The first of them. */
  tool_calls: ToolCallDto[];
  /**
   * Where all of them are listed, when there are more than are shown here; else null.
   * @example null
   */
  more_tool_calls: string | null;
  /** As the client sent it. */
  metadata: Record<string, unknown> | null;

  static from({ message, toolCalls }: MessageWithToolCalls): MessageResponseDto {
    return {
      id: message.id,
      role: message.role,
      content: message.content,
      timestamp: message.createdAt.toISOString(),
      turn_id: message.turnId,
      tool_calls: toolCalls.calls.map(ToolCallDto.from),
      more_tool_calls: toolCalls.hasMore ? `/operator/tool/calls?message_id=${message.id}` : null,
      metadata: message.metadata,
    };
  }
}

export class SessionSummaryDto {
  /** @example 'support-4711' */
  session_id: string;
  /** @example 'local' */
  user_id: string;
  /**
   * Who opened it: `api`, or what the original Operator noted.
   * @example 'api'
   */
  source: string;
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-11-23T09:31:12.000Z' */
  updated_at: string;
  /** @example 2 */
  message_count: number;

  static from(session: OperatorSession): SessionSummaryDto {
    return {
      session_id: session.sessionId,
      user_id: session.userId,
      source: session.source,
      created_at: session.createdAt.toISOString(),
      updated_at: session.updatedAt.toISOString(),
      message_count: session.messageCount,
    };
  }
}

export class SessionResponseDto extends SessionSummaryDto {
  /** One page, in the order in which they were said; the newest page comes first. */
  messages: MessageResponseDto[];
  /** Hands out the page before this one; null when there is none. */
  next_cursor: string | null;

  static of(session: OperatorSession, { items, nextCursor }: Page<MessageWithToolCalls>): SessionResponseDto {
    return {
      ...SessionSummaryDto.from(session),
      messages: items.map(MessageResponseDto.from),
      next_cursor: toCursor(nextCursor),
    };
  }
}

export class SessionListResponseDto {
  items: SessionSummaryDto[];
  /** Hands out the next page; null after the last. A page of a search may be short, or empty, and yet have one. */
  next_cursor: string | null;

  static from({ items, nextCursor }: Page<OperatorSession>): SessionListResponseDto {
    return { items: items.map(SessionSummaryDto.from), next_cursor: toCursor(nextCursor) };
  }
}
