/** What happened, as stored and as streamed. A wire contract: types may be added, never changed. */
export type OperatorEventBody =
  | { type: 'session.created'; data: { user_id: string } }
  | { type: 'message.created'; data: { message_id: number; turn_id: string; role: 'user' | 'assistant' } }
  | { type: 'turn.started'; data: { turn_id: string; attempt: number } }
  | { type: 'turn.succeeded'; data: { turn_id: string; engine: string | null; latency_ms: number } }
  | { type: 'turn.failed'; data: { turn_id: string; error: string } }
  | { type: 'adjustment.created'; data: { adjustment_id: number; message_id: number | null } }
  | { type: 'adjustment.applied'; data: { adjustment_id: number } }
  | {
      /** The task has come into this state; `error` says why, where it did not end well. */
      type: `browser_task.${'pending' | 'running' | 'done' | 'error' | 'timeout' | 'cancelled' | 'unknown_outcome'}`;
      data: { task_id: number; attempt: number; tool_call_id?: number | null; error?: string };
    };
