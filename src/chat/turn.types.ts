import type { Idempotency } from '../common/http/idempotency';
import type { EngineName, Fallback } from '../switch-gateway/switch-gateway.types';
import type { StoredToolCall } from '../telemetry/tool-calls/tool-call.types';

export type TurnStatus = 'running' | 'awaiting_approval' | 'succeeded' | 'failed' | 'cancelled';

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

/** How a turn has come out, for now. */
export type ChatOutcome = ChatAnswer | PendingAnswer;

/** Tools wait for a person; the turn goes on when all are decided. */
export interface PendingAnswer {
  kind: 'awaiting_approval';
  sessionId: string;
  turnId: string;
  approvals: PendingApproval[];
  /** Operator's own part of the time until then. */
  overheadMs: number;
}

/** A tool call to be agreed to. */
export interface PendingApproval {
  toolCallId: number;
  toolName: string;
  /** As the engine wrote them. */
  arguments: string;
  /** What is agreed to: SHA-256 of the tool's name and these arguments. */
  argumentsHash: string;
  expiresAt: Date;
}

/** A turn that is stored, and where those begin to read who want to watch it. */
export interface TurnStart {
  turnId: string;
  sessionId: string;
  attempt: number;
  /** The last event of the session before the turn's own. */
  after: number;
  /** It had begun before, with a request of the same key. */
  isReplay: boolean;
}

export interface ChatAnswer {
  kind: 'answered';
  sessionId: string;
  turnId: string;
  messageId: number;
  response: string;
  toolCalls: StoredToolCall[];
  engine: string | null;
  /** Engines that were asked before and could not. */
  fallbackFrom: Fallback[];
  latencyMs: number;
  /** Operator's own part of the time until the answer. */
  overheadMs: number;
  /** Given before, to a request with the same key. */
  isReplay: boolean;
}

/** A turn that is ours to run: its question is stored. */
export interface RunningTurn {
  id: string;
  sessionId: string;
  attempt: number;
  /** Its first event in the session's log, and the first of this attempt. */
  firstSeq: number;
  attemptSeq: number;
  userId: string;
  messageId: number;
  message: string;
  metadata: Record<string, unknown> | null;
  contextSummary: string | null;
  providerHint: string | null;
}

/** What an answer has taken on its way so far. */
export interface SoFar {
  /** The engine that has begun to answer; null while none has. */
  servedBy: EngineName | null;
  /** Engines that were asked before and could not. */
  fallbackFrom: Fallback[];
  /** Null while no engine has said how many it used. */
  tokens: number | null;
  /** How long engines have taken. */
  latencyMs: number;
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
  fallbackFrom: Fallback[];
  firstSeq: number | null;
  servedBy: EngineName | null;
  tokens: number | null;
  latencyMs: number | null;
  createdAt: Date;
}
