import { Matches } from 'class-validator';
import { IsRowIdText } from '../../common/http/row-id';
import type { Decision } from '../tools/approval.service';
import type { PendingApproval } from '../turn.types';

export class PendingApprovalDto {
  /** @example 7 */
  tool_call_id: number;
  /** @example 'browser_act' */
  tool_name: string;
  /**
   * What it would be called with, as the engine wrote it: JSON.
   * @example '{"url":"https://example.com/form","actions":[{"action":"click","selector":"#send"}]}'
   */
  arguments: string;
  /**
   * What is agreed to: SHA-256 of the tool’s name, a line feed and these arguments.
   * @example '5f0b6b7c0b9ad34d2f8a6d1f6f3c7d3f5b0b6f2f1f0c4a0e9d8c7b6a59483726'
   */
  arguments_hash: string;
  /**
   * When nobody has decided by then, the turn fails.
   * @example '2026-11-23T10:30:00.000Z'
   */
  expires_at: string;
  /** @example '/operator/tool/call/7/approve' */
  approve_url: string;
  /** @example '/operator/tool/call/7/reject' */
  reject_url: string;

  static from({
    toolCallId,
    toolName,
    arguments: given,
    argumentsHash,
    expiresAt,
  }: PendingApproval): PendingApprovalDto {
    return {
      tool_call_id: toolCallId,
      tool_name: toolName,
      arguments: given,
      arguments_hash: argumentsHash,
      expires_at: expiresAt.toISOString(),
      approve_url: `/operator/tool/call/${toolCallId}/approve`,
      reject_url: `/operator/tool/call/${toolCallId}/reject`,
    };
  }
}

export class ToolCallPathDto {
  /** @example 7 */
  @IsRowIdText()
  tool_call_id: number;
}

export class DecisionRequestDto {
  /**
   * The `arguments_hash` of what is decided on: a call with other arguments is another call.
   * @example '5f0b6b7c0b9ad34d2f8a6d1f6f3c7d3f5b0b6f2f1f0c4a0e9d8c7b6a59483726'
   */
  @Matches(/^[0-9a-f]{64}$/, { message: 'arguments_hash must be a SHA-256 in hex' })
  arguments_hash: string;
}

export class DecisionResponseDto {
  /** @example 7 */
  tool_call_id: number;
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 'approved' */
  decision: 'approved' | 'rejected';
  /**
   * How its turn is now: it goes on when all its calls are decided.
   * @example 'running'
   */
  turn_status: string;

  static from({ toolCallId, turnId, decision, turnStatus }: Decision): DecisionResponseDto {
    return { tool_call_id: toolCallId, turn_id: turnId, decision, turn_status: turnStatus };
  }
}
