/** What happened, as stored and as streamed. A wire contract: types and fields may be added, never changed. */
export type OperatorEventBody =
  | { type: 'session.created'; data: { user_id: string } }
  | { type: 'message.created'; data: { message_id: number; turn_id: string; role: 'user' | 'assistant' } }
  | { type: 'turn.started'; data: { turn_id: string; attempt: number } }
  | { type: 'message.delta'; data: MessageDelta }
  | { type: 'tool_call.started'; data: ToolCallStarted }
  | { type: 'tool_call.awaiting_approval'; data: ToolCallStarted & { arguments_hash: string; expires_at: string } }
  | { type: 'tool_call.decided'; data: ToolCallAddress & { decision: 'approved' | 'rejected' | 'expired' } }
  | {
      type: 'tool_call.finished';
      data: ToolCallAddress & { status: 'ok' | 'error'; duration_ms: number | null; error: string | null };
    }
  | { type: 'tool_call.reported'; data: ToolCallReported }
  | { type: 'turn.awaiting_approval'; data: { turn_id: string } }
  | { type: 'turn.resumed'; data: { turn_id: string } }
  | {
      type: 'turn.succeeded';
      data: TurnEnd & { engine: string | null; latency_ms: number; message_id: number };
    }
  | { type: 'turn.failed'; data: TurnEnd & { error: string; detail: string; message_id: number | null } }
  | { type: 'turn.cancelled'; data: TurnEnd & { message_id: number | null } }
  | { type: 'adjustment.created'; data: { adjustment_id: number; message_id: number | null } }
  | { type: 'adjustment.applied'; data: { adjustment_id: number } }
  | {
      /** The task has come into this state; `error` says why, where it did not end well. */
      type: `browser_task.${'pending' | 'running' | 'done' | 'error' | 'timeout' | 'cancelled' | 'unknown_outcome'}`;
      data: { task_id: number; attempt: number; tool_call_id?: number | null; error?: string };
    };

/**
 * A piece of the answer. `offset` is where it belongs in the text of this attempt, in UTF-16 code units: whoever gets a
 * piece twice puts it in its place twice.
 */
export interface MessageDelta {
  turn_id: string;
  attempt: number;
  offset: number;
  text: string;
}

export interface TurnEnd {
  turn_id: string;
  attempt: number;
}

export interface ToolCallAddress {
  tool_call_id: number;
  turn_id: string;
  tool_name: string;
}

/** As whoever ran the tool has reported it; `turn_id` is that of the message, null for one that no turn has made. */
export interface ToolCallReported {
  tool_call_id: number;
  message_id: number;
  turn_id: string | null;
  tool_name: string;
  status: 'pending' | 'ok' | 'error';
  duration_ms: number | null;
  error: string | null;
}

export interface ToolCallStarted extends ToolCallAddress {
  /** 1 for what the engine asked for first. */
  step: number;
  /** JSON, as the engine wrote it: perhaps none. */
  arguments: string;
}

/** Events after which a turn has no more of them, unless it is run once more. */
export const TURN_ENDS: ReadonlySet<string> = new Set(['turn.succeeded', 'turn.failed', 'turn.cancelled']);

/** Why Operator ended a stream. */
export type StreamEnd = 'turn_ended' | 'slow_reader' | 'session_erased' | 'shutting_down';
