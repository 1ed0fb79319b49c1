import { Injectable } from '@nestjs/common';
import { Reader } from '../../database/reader';
import { type SqlValue, sqlTime } from '../../database/sql';
import type { ToolCallFilter, ToolCallPosition, ToolCallRecord } from './tool-call.types';
import { TOOL_CALL_COLUMNS, type ToolCallRow, toToolCallRecord } from './tool-call-rows';

interface Condition {
  sql: string;
  values: SqlValue[];
}

/** Lists tool calls, newest first, along the index of what narrows them most; see the entity. */
@Injectable()
export class ToolCallListRepository {
  constructor(private readonly reader: Reader) {}

  /** The first `limit` calls after a position that pass the filter, among the first `window` that its index leads to. */
  async page(
    filter: ToolCallFilter,
    after: ToolCallPosition | null,
    limit: number,
    window: number,
  ): Promise<{ call: ToolCallRecord; position: ToolCallPosition }[]> {
    const { along, checks } = plan(filter);
    const led = all([along, ...bounds(filter, after)]);
    const passing = all(checks);
    const rows = await this.reader.sql((sql) =>
      sql.all<ToolCallRow & { at: string }>(
        `SELECT ${TOOL_CALL_COLUMNS}, CAST(c.created_at AS TEXT) AS at
         FROM (
           SELECT id, created_at FROM (
             SELECT id, created_at, message_id, tool_name, status FROM operator_tool_call
             WHERE ${led.sql} ORDER BY created_at DESC, id DESC LIMIT ?
           ) AS led WHERE ${passing.sql} ORDER BY created_at DESC, id DESC LIMIT ?
         ) AS page
         JOIN operator_tool_call c ON c.id = page.id
         JOIN operator_message m ON m.id = c.message_id
         ORDER BY page.created_at DESC, page.id DESC`,
        [...led.values, checks.length > 0 ? window : limit, ...passing.values, limit],
      ),
    );
    return rows.map((row) => ({ call: toToolCallRecord(row), position: { at: row.at, id: row.id } }));
  }

  /** The last position that `page` has looked at; null when it has seen all there is. */
  async windowEnd(
    filter: ToolCallFilter,
    after: ToolCallPosition | null,
    window: number,
  ): Promise<ToolCallPosition | null> {
    const { along, checks } = plan(filter);
    if (checks.length === 0) return null;
    const led = all([along, ...bounds(filter, after)]);
    const row = await this.reader.sql((sql) =>
      sql.get<ToolCallPosition>(
        `SELECT CAST(created_at AS TEXT) AS at, id FROM operator_tool_call
         WHERE ${led.sql} ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET ?`,
        [...led.values, window - 1],
      ),
    );
    return row ?? null;
  }
}

/** Which calls the filter's index leads to, and what each of them must pass besides. */
function plan(filter: ToolCallFilter): { along: Condition; checks: Condition[] } {
  const { messageId, turnId, sessionId, toolName, status } = filter;
  const [tool, state] = [
    toolName !== undefined && is('tool_name', toolName),
    status !== undefined && hasStatus(status),
  ];
  const session = sessionId !== undefined && ofSession(sessionId);
  const turn = turnId !== undefined && ofTurn(turnId);

  if (messageId !== undefined) return { along: is('message_id', messageId), checks: given(turn, session, tool, state) };
  if (turn) return { along: turn, checks: given(session, tool, state) };
  if (sessionId !== undefined) return { along: is('session_id', sessionId), checks: given(tool, state) };
  const isRare = status !== 'ok';
  if (tool) return isRare ? { along: all(given(tool, state)), checks: [] } : { along: tool, checks: given(state) };
  return isRare ? { along: all(given(state)), checks: [] } : { along: all([]), checks: given(state) };
}

const is = (column: string, value: SqlValue): Condition => ({ sql: `${column} = ?`, values: [value] });

/** The second term is what the indexes of the rare ones are recognised by. */
const hasStatus = (status: string): Condition =>
  status === 'ok' ? is('status', status) : { sql: "status = ? AND status <> 'ok'", values: [status] };

const ofTurn = (turnId: string): Condition => ({
  sql: 'message_id IN (SELECT id FROM operator_message WHERE turn_id = ?)',
  values: [turnId],
});

/** Asks the message, for calls that are found another way. */
const ofSession = (sessionId: string): Condition => ({
  sql: 'EXISTS (SELECT 1 FROM operator_message WHERE operator_message.id = message_id AND session_id = ?)',
  values: [sessionId],
});

function bounds({ from, to }: ToolCallFilter, after: ToolCallPosition | null): Condition[] {
  return given(
    from !== undefined && { sql: 'created_at >= ?', values: [sqlTime(from)] },
    to !== undefined && { sql: 'created_at < ?', values: [sqlTime(to)] },
    after !== null && { sql: '(created_at, id) < (?, ?)', values: [after.at, after.id] },
  );
}

const given = (...conditions: (Condition | false)[]): Condition[] =>
  conditions.filter((condition) => condition !== false);

const all = (conditions: Condition[]): Condition => ({
  sql: conditions.map(({ sql }) => sql).join(' AND ') || '1 = 1',
  values: conditions.flatMap(({ values }) => values),
});
