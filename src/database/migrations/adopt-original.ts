import type { QueryRunner } from 'typeorm';

const ORIGINAL_TABLES = [
  'operator_session',
  'operator_message',
  'operator_tool_call',
  'operator_browser_task',
  'operator_switch_adjustment',
];

/** Renames the tables of a SQLite file that the original wrote, to make room for ours. Says whether there were any. */
export async function setOriginalTablesAside(runner: QueryRunner): Promise<boolean> {
  if (runner.dataSource.options.type === 'postgres') return false;
  let found = false;
  // What others keep in the file, foreign keys and views, goes on meaning the table of that name: ours, from now on.
  await runner.query('PRAGMA legacy_alter_table = ON');
  for (const table of ORIGINAL_TABLES) {
    if (!(await runner.hasTable(table))) continue;
    await runner.query(`ALTER TABLE ${table} RENAME TO original_${table}`);
    found = true;
  }
  await runner.query('PRAGMA legacy_alter_table = OFF');
  return found;
}

/**
 * Moves the original's rows into our tables, ids kept.
 *
 * It enforced no foreign keys and no JSON: messages of a session that is not there get one, tool calls of a message
 * that is not there get an empty one, and a text where JSON belongs becomes a JSON string.
 */
export async function adoptOriginalRows(runner: QueryRunner): Promise<void> {
  for (const table of ORIGINAL_TABLES) {
    if (!(await runner.hasTable(`original_${table}`))) continue;
    await runner.query(COPY[table]!);
  }
  await runner.query(`
    INSERT INTO operator_message (id, session_id, role, content, created_at)
    SELECT message_id, 'recovered', 'system', '', MIN(created_at) FROM operator_tool_call
    WHERE message_id NOT IN (SELECT id FROM operator_message) GROUP BY message_id`);
  await runner.query(`
    UPDATE operator_switch_adjustment SET message_id = NULL
    WHERE message_id NOT IN (SELECT id FROM operator_message)`);
  for (const table of ['operator_message', 'operator_browser_task', 'operator_switch_adjustment']) {
    await runner.query(`
      INSERT INTO operator_session (session_id, user_id, source, created_at, updated_at)
      SELECT session_id, 'local', 'recovered', MIN(created_at), MAX(created_at) FROM ${table}
      WHERE session_id NOT IN (SELECT session_id FROM operator_session) GROUP BY session_id`);
  }
  await runner.query(`
    UPDATE operator_session SET message_count =
      (SELECT COUNT(*) FROM operator_message m WHERE m.session_id = operator_session.session_id)`);
  for (const table of [...ORIGINAL_TABLES].reverse()) await runner.query(`DROP TABLE IF EXISTS original_${table}`);
}

const NOW = `strftime('%Y-%m-%d %H:%M:%f000', 'now')`;
const json = (column: string) =>
  `CASE WHEN ${column} IS NULL OR json_valid(${column}) THEN ${column} ELSE json_quote(${column}) END`;
/** Some revisions refer to a session by its number. */
const session = `CASE typeof(o.session_id) WHEN 'integer'
  THEN COALESCE((SELECT s.session_id FROM original_operator_session s WHERE s.id = o.session_id), 'session-' || o.session_id)
  ELSE o.session_id END`;

const COPY: Record<string, string> = {
  operator_session: `
    INSERT INTO operator_session (id, session_id, user_id, source, created_at, updated_at)
    SELECT id, session_id, COALESCE(user_id, 'local'), COALESCE(source, 'api'),
      COALESCE(created_at, updated_at, ${NOW}), COALESCE(updated_at, created_at, ${NOW})
    FROM original_operator_session`,
  operator_message: `
    INSERT INTO operator_message (id, session_id, role, content, message_metadata, created_at)
    SELECT o.id, ${session}, o.role, COALESCE(o.content, ''), ${json('o.message_metadata')}, COALESCE(o.created_at, ${NOW})
    FROM original_operator_message o`,
  operator_tool_call: `
    INSERT INTO operator_tool_call (id, message_id, tool_name, status, duration_ms, result, error, created_at)
    SELECT o.id, o.message_id, o.tool_name, COALESCE(o.status, 'pending'), o.duration_ms, ${json('o.result')}, o.error,
      COALESCE(o.created_at, ${NOW})
    FROM original_operator_tool_call o`,
  operator_browser_task: `
    INSERT INTO operator_browser_task (id, session_id, url, status, snapshot_path, result, error, created_at, executed_at)
    SELECT o.id, ${session}, o.url, COALESCE(o.status, 'pending'), o.snapshot_path, ${json('o.result')}, o.error,
      COALESCE(o.created_at, ${NOW}), o.executed_at
    FROM original_operator_browser_task o`,
  operator_switch_adjustment: `
    INSERT INTO operator_switch_adjustment
      (id, session_id, message_id, before_config, after_config, reason, applied, created_at, applied_at)
    SELECT o.id, ${session}, o.message_id, COALESCE(${json('o.before_config')}, 'null'),
      COALESCE(${json('o.after_config')}, 'null'), o.reason, COALESCE(o.applied, 0), COALESCE(o.created_at, ${NOW}), o.applied_at
    FROM original_operator_switch_adjustment o`,
};
