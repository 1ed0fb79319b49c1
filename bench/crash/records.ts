import Sqlite from 'better-sqlite3';

export interface TurnRow {
  id: string;
  session_id: string;
  status: string;
  attempt: number;
  idempotency_key: string | null;
  tokens: number | null;
}

export interface MessageRow {
  id: number;
  session_id: string;
  turn_id: string;
  role: string;
  content: string;
}

export interface EventRow {
  session_id: string;
  seq: number;
  type: string;
  data: { turn_id?: string; message_id?: number; attempt?: number };
}

export interface Records {
  sessions: { session_id: string; message_count: number }[];
  turns: TurnRow[];
  messages: MessageRow[];
  events: EventRow[];
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
          .prepare('SELECT id, session_id, status, attempt, idempotency_key, tokens FROM operator_turn')
          .all(),
        messages: database
          .prepare('SELECT id, session_id, turn_id, role, content FROM operator_message ORDER BY id')
          .all(),
        events: database
          .prepare('SELECT session_id, seq, type, data FROM operator_event ORDER BY session_id, seq')
          .all()
          .map((row) => ({ ...(row as object), data: JSON.parse((row as { data: string }).data) as object })),
        untold: (database.prepare('SELECT payload FROM operator_outbox').pluck().all() as string[]).map(
          (payload) => (JSON.parse(payload) as { tokens: number }).tokens,
        ),
      }))() as Records,
  );
}

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
