import { isUndecided, toApproval } from '../tools/approval';
import type { TurnView } from '../turn.service';
import type { TurnStatus } from '../turn.types';
import { PendingApprovalDto } from './approval.dto';
import { type FallbackDto } from './fallback.dto';

export class TurnErrorDto {
  /** @example 'switch_timeout' */
  error: string;
  /** @example 'Switch did not answer in time.' */
  detail: string;
}

export class TurnResponseDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 'support-4711' */
  session_id: string;
  /** @example 'succeeded' */
  status: TurnStatus;
  /**
   * How often the engine was asked, 1 at first.
   * @example 1
   */
  attempt: number;
  /**
   * Who answered; null while nobody has.
   * @example 'general-7b'
   */
  engine: string | null;
  /** Engines that were asked before and could not answer. */
  fallback_from: FallbackDto[];
  /**
   * How long the engine took.
   * @example 812
   */
  latency_ms: number | null;
  /**
   * What the engine says it used.
   * @example 57
   */
  tokens: number | null;
  /** Why there is no answer; null otherwise. */
  error: TurnErrorDto | null;
  /** Tool calls that a person has to decide before the turn goes on. */
  approvals: PendingApprovalDto[];
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;
  /**
   * Null while it runs.
   * @example '2026-11-23T09:30:00.815Z'
   */
  finished_at: string | null;

  static from({ turn, toolCalls }: TurnView): TurnResponseDto {
    return {
      turn_id: turn.id,
      session_id: turn.sessionId,
      status: turn.status,
      attempt: turn.attempt,
      engine: turn.engine,
      fallback_from: turn.fallbackFrom ?? [],
      latency_ms: turn.latencyMs,
      tokens: turn.tokens,
      error: turn.errorCode === null ? null : { error: turn.errorCode, detail: turn.errorDetail ?? '' },
      approvals: toolCalls.filter(isUndecided).map((call) => PendingApprovalDto.from(toApproval(call))),
      created_at: turn.createdAt.toISOString(),
      finished_at: turn.finishedAt?.toISOString() ?? null,
    };
  }
}
