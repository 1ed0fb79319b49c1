import type { Idempotency } from '../common/http/idempotency';
import type { StoredToolCall } from '../telemetry/tool-calls/tool-call.types';

export type TurnStatus = 'running' | 'succeeded' | 'failed' | 'cancelled';

/** What a client asks, checked and complete. */
export interface ChatCommand {
  /** Null: a new session. */
  sessionId: string | null;
  userId: string;
  message: string;
  contextSummary: string | null;
  metadata: Record<string, unknown> | null;
  providerHint: string | null;
  /** Fail at once, rather than wait, when the session is answering somebody. */
  rejectWhenBusy: boolean;
  idempotency: Idempotency | null;
}

export interface ChatAnswer {
  sessionId: string;
  turnId: string;
  messageId: number;
  response: string;
  toolCalls: StoredToolCall[];
  engine: string | null;
  latencyMs: number;
  /** Operator's own part of the time until the answer. */
  overheadMs: number;
  /** Given before, to a request with the same key. */
  isReplay: boolean;
}

/** A turn that is ours to run: its question is stored, nobody was asked yet. */
export interface RunningTurn {
  id: string;
  sessionId: string;
  attempt: number;
  userId: string;
  messageId: number;
  message: string;
  metadata: Record<string, unknown> | null;
  contextSummary: string | null;
  providerHint: string | null;
}

/** The row, as far as decisions are made on it. */
export interface TurnRecord {
  id: string;
  sessionId: string;
  status: TurnStatus;
  attempt: number;
  leaseOwner: string | null;
  leaseExpiresAt: Date | null;
  requestHash: string | null;
  contextSummary: string | null;
  providerHint: string | null;
  engine: string | null;
  latencyMs: number | null;
  createdAt: Date;
}
