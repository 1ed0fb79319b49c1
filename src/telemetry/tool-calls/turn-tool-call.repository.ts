import { Injectable } from '@nestjs/common';
import { Reader } from '../../database/reader';
import { fromStoredJson, rowsOf, sqlTime, toDate } from '../../database/sql';
import { UnitOfWork } from '../../database/unit-of-work';
import type { NewTurnToolCall, ToolApproval, ToolCallEnd, ToolCallStatus, TurnToolCall } from './tool-call.types';

const COLUMNS = `id, turn_id, session_id, step, tool_name, arguments, status, duration_ms, result, error, told, source,
  approval, approval_expires_at`;

/** The tool calls that turns make themselves. */
@Injectable()
export class TurnToolCallRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  /** Returns their ids, in the same order. */
  async insert(calls: NewTurnToolCall[], at: Date): Promise<number[]> {
    const rows = await this.unitOfWork.sql.all<{ id: number }>(
      `INSERT INTO operator_tool_call (message_id, session_id, turn_id, step, tool_name, arguments, status, created_at,
         approval, approval_expires_at)
       VALUES ${rowsOf(calls.length, 10)} RETURNING id`,
      calls.flatMap((call) => [
        call.messageId,
        call.sessionId,
        call.turnId,
        call.step,
        call.toolName,
        call.arguments,
        'pending',
        sqlTime(at),
        call.approvalExpiresAt && 'pending',
        call.approvalExpiresAt && sqlTime(call.approvalExpiresAt),
      ]),
    );
    return rows.map(({ id }) => id).sort((a, b) => a - b);
  }

  /** False: it has ended already. */
  async finish(id: number, end: ToolCallEnd, at: Date): Promise<boolean> {
    const { status, durationMs, result, error, told, source } = end;
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_tool_call SET status = ?, duration_ms = ?, result = ?, error = ?, told = ?, source = ?,
         finished_at = ?
       WHERE id = ? AND status = 'pending'`,
      [status, durationMs, JSON.stringify(result ?? null), error, told, source, sqlTime(at), id],
    );
    return updated > 0;
  }

  /** Decides a call that waits for it. False: it has been decided already. */
  async decide(id: number, approval: ToolApproval): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      "UPDATE operator_tool_call SET approval = ? WHERE id = ? AND approval = 'pending' AND status = 'pending'",
      [approval, id],
    );
    return updated > 0;
  }

  find(id: number): Promise<TurnToolCall | undefined> {
    return this.reader.sql(async (sql) => {
      const row = await sql.get<Row>(`SELECT ${COLUMNS} FROM operator_tool_call WHERE id = ? AND turn_id IS NOT NULL`, [
        id,
      ]);
      return row && toCall(row);
    });
  }

  /** In the order in which they were asked for. */
  async ofTurns(turnIds: string[]): Promise<TurnToolCall[]> {
    const rows = await this.reader.sql((sql) =>
      sql.all<Row>(
        `SELECT ${COLUMNS} FROM operator_tool_call WHERE turn_id IN (${turnIds.map(() => '?').join(', ')})
         ORDER BY turn_id, step, id`,
        turnIds,
      ),
    );
    return rows.map(toCall);
  }

  /** Turns with calls that nobody has decided in time. */
  async turnsOverdue(now: Date, limit: number): Promise<string[]> {
    const rows = await this.reader.sql((sql) =>
      sql.all<{ turn_id: string }>(
        `SELECT DISTINCT turn_id FROM operator_tool_call WHERE approval = 'pending' AND status = 'pending'
           AND approval_expires_at <= ? LIMIT ?`,
        [sqlTime(now), limit],
      ),
    );
    return rows.map(({ turn_id }) => turn_id);
  }

  /** Hangs a turn's calls on another of its messages. */
  async moveTo(messageId: number, turnId: string): Promise<void> {
    await this.unitOfWork.sql.run('UPDATE operator_tool_call SET message_id = ? WHERE turn_id = ?', [
      messageId,
      turnId,
    ]);
  }
}

interface Row {
  id: number;
  turn_id: string;
  session_id: string;
  step: number;
  tool_name: string;
  arguments: string;
  status: string;
  duration_ms: number | null;
  result: string | null;
  error: string | null;
  told: string | null;
  source: string | null;
  approval: ToolApproval | null;
  approval_expires_at: string | Date | null;
}

const toCall = (row: Row): TurnToolCall => ({
  id: row.id,
  turnId: row.turn_id,
  sessionId: row.session_id,
  step: row.step,
  toolName: row.tool_name,
  arguments: row.arguments,
  status: row.status as ToolCallStatus,
  durationMs: row.duration_ms,
  result: fromStoredJson(row.result),
  error: row.error,
  told: row.told,
  source: row.source,
  approval: row.approval,
  approvalExpiresAt: row.approval_expires_at === null ? null : toDate(row.approval_expires_at),
});
