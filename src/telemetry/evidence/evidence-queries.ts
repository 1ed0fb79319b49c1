import type { SqlQuery } from '../../database/sql';
import type { EvidenceKind, EvidenceList, Parents, RecordAddress } from './evidence.types';

/** Records a list shows at most. */
export const LIST_MAX = 100;
const EXCERPT_CHARACTERS = 1_000;
const JSON_MAX_BYTES = 4_096;

const TASK_PARENTS = `SELECT t.session_id, m.turn_id, m.id AS message_id, c.id AS tool_call_id, t.id AS browser_task_id
    FROM operator_browser_task t LEFT JOIN operator_tool_call c ON c.id = t.tool_call_id
    LEFT JOIN operator_message m ON m.id = c.message_id`;

/** Where a record hangs. */
const PARENTS: Record<EvidenceKind, string> = {
  session: 'SELECT session_id FROM operator_session WHERE session_id = ?',
  turn: 'SELECT session_id, id AS turn_id FROM operator_turn WHERE id = ?',
  message: 'SELECT session_id, turn_id, id AS message_id FROM operator_message WHERE id = ?',
  tool_call: `SELECT m.session_id, m.turn_id, m.id AS message_id, c.id AS tool_call_id
    FROM operator_tool_call c JOIN operator_message m ON m.id = c.message_id WHERE c.id = ?`,
  browser_task: `${TASK_PARENTS} WHERE t.id = ?`,
  artifact: `${TASK_PARENTS} JOIN operator_artifact a ON a.task_id = t.id WHERE a.id = ?`,
  adjustment: `SELECT a.session_id, m.turn_id, m.id AS message_id
    FROM operator_switch_adjustment a LEFT JOIN operator_message m ON m.id = a.message_id WHERE a.id = ?`,
};

export const parentsQuery = ({ kind, id }: RecordAddress): SqlQuery => ({ statement: PARENTS[kind], values: [id] });

/** Part of a table: what a list shows, before it is cut. Compared with null it is empty. */
interface Scope {
  where: string;
  value: string | number | null;
}

const equals = (column: string, value: Scope['value']): Scope => ({ where: `${column} = ?`, value });
const NOTHING = equals('id', null);

/**
 * The ids of the newest. Sessions have an index that is in this order; elsewhere it is a sum, so that no planner walks
 * the whole table by id to save itself the sorting.
 */
const newest = (table: string, { where }: Scope, limit: number): string =>
  `SELECT id FROM ${table} WHERE ${where} ORDER BY ${where === 'session_id = ?' ? 'id' : 'id + 0'} DESC LIMIT ${limit}`;

/** Rows below those of another list, as many of them as it shows: what hangs on what was cut is cut with it. */
const below = (column: string, table: string, scope: Scope): Scope => ({
  where: `${column} IN (${newest(table, scope, LIST_MAX)})`,
  value: scope.value,
});

const ofTasks = (tasks: Scope): Scope => below('task_id', 'operator_browser_task', tasks);

/** What each list shows: upwards the one record that is hung on, downwards all that hang on it. */
export function scopesOf({ kind, id }: RecordAddress, parents: Parents): Record<EvidenceList, Scope> {
  const { sessionId, turnId, messageId, toolCallId, browserTaskId } = parents;
  const up = {
    turns: equals('id', turnId),
    messages: turnId === null ? equals('id', messageId) : equals('turn_id', turnId),
    tool_calls: equals('id', toolCallId),
    browser_tasks: equals('id', browserTaskId),
    artifacts: NOTHING,
    adjustments: NOTHING,
  };
  switch (kind) {
    case 'session': {
      const all = equals('session_id', sessionId);
      return {
        turns: {
          where: `id IN (SELECT turn_id FROM operator_message WHERE id IN (${newest('operator_message', all, LIST_MAX)}))`,
          value: sessionId,
        },
        messages: all,
        tool_calls: below('message_id', 'operator_message', all),
        browser_tasks: all,
        artifacts: ofTasks(all),
        adjustments: all,
      };
    }
    case 'turn':
    case 'message': {
      const calls =
        kind === 'turn' ? below('message_id', 'operator_message', up.messages) : equals('message_id', messageId);
      const tasks = below('tool_call_id', 'operator_tool_call', calls);
      return { ...up, tool_calls: calls, browser_tasks: tasks, artifacts: ofTasks(tasks), adjustments: calls };
    }
    case 'tool_call': {
      const tasks = equals('tool_call_id', toolCallId);
      return { ...up, browser_tasks: tasks, artifacts: ofTasks(tasks) };
    }
    case 'browser_task':
      return { ...up, artifacts: equals('task_id', id) };
    case 'artifact':
      return { ...up, artifacts: equals('id', id) };
    case 'adjustment':
      return { ...up, adjustments: equals('id', id) };
  }
}

const small = (column: string) =>
  `CASE WHEN OCTET_LENGTH(${column}) <= ${JSON_MAX_BYTES} THEN ${column} END AS ${column},
   OCTET_LENGTH(${column}) AS ${column}_bytes`;
const excerpt = (column: string) => `SUBSTR(${column}, 1, ${EXCERPT_CHARACTERS}) AS ${column}`;

const SHOWN: Record<EvidenceList, { table: string; columns: string }> = {
  turns: {
    table: 'operator_turn',
    columns: 'id, session_id, status, attempt, engine, latency_ms, error_code, created_at, finished_at',
  },
  messages: {
    table: 'operator_message',
    columns: `id, session_id, turn_id, role, ${excerpt('content')}, LENGTH(content) AS content_length, created_at`,
  },
  tool_calls: {
    table: 'operator_tool_call',
    columns: `id, message_id, tool_name, ${small('arguments')}, approval, status, duration_ms, ${small('result')},
      ${excerpt('error')}, created_at`,
  },
  browser_tasks: {
    table: 'operator_browser_task',
    columns: `id, session_id, tool_call_id, url, status, attempt, title, snapshot_path, ${small('result')},
      ${excerpt('error')}, created_at, executed_at, finished_at`,
  },
  artifacts: {
    table: 'operator_artifact',
    columns: 'id, task_id, attempt, step, kind, content_type, bytes, sha256, created_at',
  },
  adjustments: {
    table: 'operator_switch_adjustment',
    columns: `id, session_id, message_id, ${small('before_config')}, ${small('after_config')}, ${excerpt('reason')},
      applied, created_at, applied_at`,
  },
};

/** The newest of a list and, if there are more, one more, the newest first. Ids are chosen before any text is read. */
export function listQuery(list: EvidenceList, scope: Scope): SqlQuery {
  const { table, columns } = SHOWN[list];
  // A turn's id is no number, and says nothing of its age; turns come with the messages that are shown.
  const isTurn = list === 'turns';
  const chosen = isTurn ? scope.where : `id IN (${newest(table, scope, LIST_MAX + 1)})`;
  const order = isTurn ? 'created_at DESC, id DESC' : 'id DESC';
  return { statement: `SELECT ${columns} FROM ${table} WHERE ${chosen} ORDER BY ${order}`, values: [scope.value] };
}

export const sessionQuery = (sessionId: string): SqlQuery => ({
  statement: `SELECT session_id, user_id, source, message_count, created_at, updated_at FROM operator_session
    WHERE session_id = ?`,
  values: [sessionId],
});
