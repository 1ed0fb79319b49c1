import { fromStoredJson, toDate } from '../../database/sql';
import type { ToolApproval, ToolCallRecord } from './tool-call.types';

/** Of `operator_tool_call c` and its `operator_message m`. */
export const TOOL_CALL_COLUMNS = `c.id, c.call_id, c.message_id, m.session_id, m.turn_id, c.tool_name, c.status,
  c.duration_ms, c.result, c.error, c.created_at, c.finished_at, c.arguments, c.approval`;

export interface ToolCallRow {
  id: number;
  call_id: string | null;
  message_id: number;
  session_id: string;
  turn_id: string | null;
  tool_name: string;
  status: string;
  duration_ms: number | null;
  result: string | null;
  error: string | null;
  created_at: string | Date;
  finished_at: string | Date | null;
  arguments: string | null;
  approval: ToolApproval | null;
}

export const toToolCallRecord = (row: ToolCallRow): ToolCallRecord => ({
  id: row.id,
  callId: row.call_id,
  messageId: row.message_id,
  sessionId: row.session_id,
  turnId: row.turn_id,
  toolName: row.tool_name,
  status: row.status,
  durationMs: row.duration_ms,
  result: fromStoredJson(row.result),
  error: row.error,
  createdAt: toDate(row.created_at),
  finishedAt: row.finished_at === null ? null : toDate(row.finished_at),
  arguments: fromStoredJson(row.arguments),
  approval: row.approval,
});
