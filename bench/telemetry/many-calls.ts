/** Tool calls as some weeks leave them behind, written straight into a database: over HTTP they would take an hour. */
export const TOOLS = 20;
export const SECONDS_BETWEEN_CALLS = 2.5;
const CALLS_PER_MESSAGE = 10;
const MESSAGES_PER_SESSION = 100;
export const BEGIN = '2026-10-01T00:00:00Z';
const BEGIN_S = Date.parse(BEGIN) / 1_000;

interface Dialect {
  /** Rows `i` from 0 up to `count`. */
  numbers(count: number): string;
  /** So many seconds after the begin. */
  moment(seconds: string): string;
  /** A whole number from 0 up to a bound. */
  below(bound: number): string;
}

export const SQLITE: Dialect = {
  numbers: (count) =>
    `(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count - 1}) SELECT i FROM n) AS n`,
  moment: (seconds) => `strftime('%Y-%m-%d %H:%M:%f000', ${BEGIN_S} + ${seconds}, 'unixepoch')`,
  below: (bound) => `ABS(RANDOM() % ${bound})`,
};

export const POSTGRES: Dialect = {
  numbers: (count) => `GENERATE_SERIES(0, ${count - 1}) AS n(i)`,
  moment: (seconds) => `TIMESTAMP '${BEGIN.slice(0, 19)}' + (${seconds}) * INTERVAL '1 second'`,
  below: (bound) => `FLOOR(RANDOM() * ${bound})::int`,
};

/** Statements that fill the tables. One call in twenty failed, one in two hundred is pending or does not say how long. */
export function fill({ numbers, moment, below }: Dialect, calls: number): string[] {
  const messages = Math.ceil(calls / CALLS_PER_MESSAGE);
  const sessions = Math.ceil(messages / MESSAGES_PER_SESSION);
  const every = (size: number) => `(i / ${size})`;
  return [
    `INSERT INTO operator_session (session_id, message_count, created_at, updated_at)
     SELECT 's-' || i, ${MESSAGES_PER_SESSION}, ${moment('0')}, ${moment('0')} FROM ${numbers(sessions)}`,
    `INSERT INTO operator_message (id, session_id, role, content, created_at)
     SELECT i + 1, 's-' || ${every(MESSAGES_PER_SESSION)}, 'assistant', 'Done.', ${moment('0')} FROM ${numbers(messages)}`,
    `INSERT INTO operator_tool_call
       (message_id, session_id, tool_name, status, duration_ms, result, error, created_at, finished_at)
     SELECT ${every(CALLS_PER_MESSAGE)} + 1, 's-' || ${every(CALLS_PER_MESSAGE * MESSAGES_PER_SESSION)},
       'tool-' || tool, CASE WHEN luck < 50 THEN 'error' WHEN luck < 55 THEN 'pending' ELSE 'ok' END,
       CASE WHEN luck BETWEEN 50 AND 59 THEN NULL ELSE duration END, '{"ok": true}',
       CASE WHEN luck < 50 THEN 'It timed out.' END, at, at
     FROM (SELECT i, ${below(TOOLS)} AS tool, ${below(1_000)} AS luck, ${below(3_000)} AS duration,
       ${moment(`i * ${SECONDS_BETWEEN_CALLS}`)} AS at FROM ${numbers(calls)}) AS drawn`,
  ];
}
