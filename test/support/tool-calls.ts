import type { TestApp } from './test-app';

export interface ToolCallSeed {
  toolName: string;
  status?: string;
  durationMs?: number | null;
  /** `2026-11-23 09:30:00.000000` */
  at?: string;
  error?: string | null;
}

const text = (value: string | null): string => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`);

/** Writes tool calls past the API, which would take long. */
export async function writeToolCalls(
  operator: TestApp,
  { messageId, sessionId }: { messageId: number; sessionId: string },
  calls: ToolCallSeed[],
): Promise<void> {
  for (let from = 0; from < calls.length; from += 500) {
    const rows = calls.slice(from, from + 500).map(({ toolName, status = 'ok', durationMs = 1, at = NOW, error }) => {
      const columns = [text(toolName), text(status), durationMs ?? 'NULL', text(error ?? null), text(at)];
      return `(${messageId}, ${text(sessionId)}, ${columns.join(', ')})`;
    });
    await operator.rows(
      `INSERT INTO operator_tool_call (message_id, session_id, tool_name, status, duration_ms, error, created_at)
       VALUES ${rows.join(', ')}`,
    );
  }
}

const NOW = '2026-11-23 09:30:00.000000';
