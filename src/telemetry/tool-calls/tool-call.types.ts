export type ToolCallStatus = 'pending' | 'ok' | 'error';

/** A tool call that has ended, to be recorded with the message it was made for. */
export interface FinishedToolCall {
  toolName: string;
  status: 'ok' | 'error';
  durationMs: number;
  result: unknown;
  error: string | null;
}

export interface StoredToolCall extends Omit<FinishedToolCall, 'status' | 'durationMs'> {
  id: number;
  status: string;
  durationMs: number | null;
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
