import Sqlite from 'better-sqlite3';

export interface TurnRow {
  id: string;
  session_id: string;
  status: string;
  attempt: number;
  idempotency_key: string | null;
  tokens: number | null;
  lease_expires_at: string | null;
}

export interface MessageRow {
  id: number;
  session_id: string;
  turn_id: string;
  role: string;
  content: string;
  /** JSON. */
  metadata: string | null;
}

export interface EventRow {
  id: number;
  session_id: string;
  seq: number;
  type: string;
  created_at: string;
  /** As it is stored. */
  json: string;
  data: {
    turn_id?: string;
    message_id?: number | null;
    attempt?: number;
    offset?: number;
    text?: string;
    tool_call_id?: number;
  };
}

export interface ToolCallRow {
  id: number;
  turn_id: string;
  step: number;
  status: string;
}

export interface Records {
  sessions: { session_id: string; message_count: number }[];
  turns: TurnRow[];
  messages: MessageRow[];
  events: EventRow[];
  toolCalls: ToolCallRow[];
  /** Tokens of the turns that Switch is still to hear of. */
  untold: number[];
}

/** Everything in the service's file, read past the service, as of one moment. */
export function readRecords(file: string): Records {
  return reading(
    file,
    (database) =>
      database.transaction(() => ({
        sessions: database.prepare('SELECT session_id, message_count FROM operator_session').all(),
        turns: database
          .prepare(
            'SELECT id, session_id, status, attempt, idempotency_key, tokens, lease_expires_at FROM operator_turn',
          )
          .all(),
        messages: database
          .prepare(
            'SELECT id, session_id, turn_id, role, content, message_metadata AS metadata FROM operator_message ORDER BY id',
          )
          .all(),
        events: database
          .prepare(
            `SELECT id, session_id, seq, type, created_at, data AS json FROM operator_event ORDER BY session_id, seq`,
          )
          .all()
          .map((row) => ({ ...(row as EventRow), data: JSON.parse((row as EventRow).json) as object })),
        toolCalls: database.prepare('SELECT id, turn_id, step, status FROM operator_tool_call').all(),
        untold: (database.prepare('SELECT payload FROM operator_outbox').pluck().all() as string[]).map(
          (payload) => (JSON.parse(payload) as { tokens: number }).tokens,
        ),
      }))() as Records,
  );
}

/** Whether a message says of itself that it was cut off. */
export const isIncomplete = (metadata: string | null): boolean => metadata === '{"incomplete":true}';

export const runningTurns = (file: string): string[] =>
  reading(
    file,
    (database) => database.prepare("SELECT id FROM operator_turn WHERE status = 'running'").pluck().all() as string[],
  );

/** What SQLite itself finds wrong with the file. */
export const brokenPages = (file: string): string[] =>
  reading(file, (database) => [
    ...(database.prepare('PRAGMA integrity_check').pluck().all() as string[]).filter((line) => line !== 'ok'),
    ...database
      .prepare('PRAGMA foreign_key_check')
      .all()
      .map((row) => JSON.stringify(row)),
  ]);

function reading<T>(file: string, read: (database: Sqlite.Database) => T): T {
  const database = new Sqlite(file, { readonly: true });
  try {
    return read(database);
  } finally {
    database.close();
  }
}
