export type ToolCallStatus = 'pending' | 'ok' | 'error';

/** Whether a person has agreed to a call. */
export type ToolApproval = 'pending' | 'approved' | 'rejected' | 'expired';

export interface StoredToolCall {
  id: number;
  toolName: string;
  status: string;
  durationMs: number | null;
  result: unknown;
  error: string | null;
}

/** A tool call that a turn is about to make. */
export interface NewTurnToolCall {
  /** The question that the turn answers. */
  messageId: number;
  sessionId: string;
  turnId: string;
  step: number;
  toolName: string;
  /** As the engine wrote them. */
  arguments: string;
  /** Until when somebody has to agree to it; null: nobody has to. */
  approvalExpiresAt: Date | null;
}

/** What came of a call that a turn made. */
export interface ToolCallEnd {
  status: 'ok' | 'error';
  /** Null: it was not run. */
  durationMs: number | null;
  result: unknown;
  error: string | null;
  /** What the engine is told of it. */
  told: string;
  /** Whose words it is told, a page's URL; null when they are Operator's own. */
  source: string | null;
}

/** A tool call that a turn has made, is making, or would like to. */
export interface TurnToolCall extends StoredToolCall {
  turnId: string;
  sessionId: string;
  step: number;
  arguments: string;
  status: ToolCallStatus;
  told: string | null;
  source: string | null;
  approval: ToolApproval | null;
  approvalExpiresAt: Date | null;
}

/** A tool call as whoever runs the tool reports it. */
export interface ToolCallReport {
  messageId: number;
  /** What the reporter calls it, so that it can report the same call again. */
  callId: string | null;
  toolName: string;
  status: ToolCallStatus;
  durationMs: number | null;
  result: unknown;
  error: string | null;
}

/** A tool call with what it belongs to. */
export interface ToolCallRecord extends StoredToolCall {
  messageId: number;
  callId: string | null;
  sessionId: string;
  turnId: string | null;
  createdAt: Date;
  finishedAt: Date | null;
  /** What an engine has asked for, as JSON, or as the text it wrote if that is none; null for calls of others. */
  arguments: unknown;
  approval: ToolApproval | null;
}

export interface ToolCallFilter extends TimeRange {
  sessionId?: string;
  messageId?: number;
  turnId?: string;
  toolName?: string;
  status?: ToolCallStatus;
}

/** Where a list of tool calls was left: they are ordered by time and, within a moment, by id. */
export interface ToolCallPosition {
  /** As the database writes it: some rows know more digits than a `Date` keeps. */
  at: string;
  id: number;
}

export interface TimeRange {
  /** Recorded then or later. */
  from?: Date;
  /** Recorded before that. */
  to?: Date;
}

export interface ToolStatistics {
  toolName: string;
  calls: number;
  pending: number;
  errors: number;
  /** Of those calls that say how long they took. */
  durationMs: Percentiles;
  lastCalledAt: Date;
  lastError: { id: number; error: string | null; at: Date } | null;
}

export interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}
