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
