import type { StoredToolCall } from '../../telemetry/tool-calls/tool-call.types';
import type { ChatAnswer, PendingAnswer } from '../turn.types';
import { PendingApprovalDto } from './approval.dto';
import { type FallbackDto } from './fallback.dto';

export class ChatToolCallDto {
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

  static from({ id, toolName, status, durationMs, result, error }: StoredToolCall): ChatToolCallDto {
    return { id, tool_name: toolName, status, duration_ms: durationMs, result: result ?? null, error };
  }
}

export class ChatResponseDto {
  /** @example 'support-4711' */
  session_id: string;
  /**
   * The answer.
   * @example 'Since the migration it has one worker instead of four.'
   */
  response: string;
  /** Tools that were run on the way to the answer. */
  tool_calls: ChatToolCallDto[];
  /**
   * The id of the answer, as the session shows it.
   * @example 43
   */
  message_id: number;
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /**
   * Who answered, in the router's words; null when it does not say.
   * @example 'general-7b'
   */
  engine: string | null;
  /** Engines that were asked before and could not answer. */
  fallback_from: FallbackDto[];
  /**
   * How long the engine took.
   * @example 812
   */
  latency_ms: number;

  static from(answer: ChatAnswer): ChatResponseDto {
    const { sessionId, response, toolCalls, messageId, turnId, engine, fallbackFrom, latencyMs } = answer;
    return {
      session_id: sessionId,
      response,
      tool_calls: toolCalls.map(ChatToolCallDto.from),
      message_id: messageId,
      turn_id: turnId,
      engine,
      fallback_from: fallbackFrom,
      latency_ms: latencyMs,
    };
  }
}

export class PendingChatResponseDto {
  /** @example 'support-4711' */
  session_id: string;
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 'awaiting_approval' */
  status: 'awaiting_approval';
  /** What has to be decided before the turn goes on. */
  approvals: PendingApprovalDto[];

  static from({ sessionId, turnId, approvals }: PendingAnswer): PendingChatResponseDto {
    return {
      session_id: sessionId,
      turn_id: turnId,
      status: 'awaiting_approval',
      approvals: approvals.map(PendingApprovalDto.from),
    };
  }
}
