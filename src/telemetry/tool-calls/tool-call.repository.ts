import { Injectable } from '@nestjs/common';
import { Reader } from '../../database/reader';
import { sqlTime } from '../../database/sql';
import { UnitOfWork } from '../../database/unit-of-work';
import type { StoredToolCall, ToolCallRecord, ToolCallReport } from './tool-call.types';
import { TOOL_CALL_COLUMNS, type ToolCallRow, toToolCallRecord } from './tool-call-rows';

const COLUMNS =
  'message_id, session_id, tool_name, status, duration_ms, result, error, created_at, finished_at, call_id';

@Injectable()
export class ToolCallRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  /** Undefined: the message has a call of this id already. */
  async insert(report: ToolCallReport, sessionId: string, at: Date): Promise<number | undefined> {
    const { messageId, callId, toolName, status, durationMs, result, error } = report;
    const row = await this.unitOfWork.sql.get<{ id: number }>(
      `INSERT INTO operator_tool_call (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (message_id, call_id) WHERE call_id IS NOT NULL DO NOTHING RETURNING id`,
      [
        messageId,
        sessionId,
        toolName,
        status,
        durationMs,
        asText(result),
        error,
        sqlTime(at),
        status === 'pending' ? null : sqlTime(at),
        callId,
      ],
    );
    return row?.id;
  }

  async replace(id: number, report: ToolCallReport, at: Date): Promise<void> {
    const { toolName, status, durationMs, result, error } = report;
    await this.unitOfWork.sql.run(
      `UPDATE operator_tool_call SET tool_name = ?, status = ?, duration_ms = ?, result = ?, error = ?, finished_at = ?
       WHERE id = ?`,
      [toolName, status, durationMs, asText(result), error, status === 'pending' ? null : sqlTime(at), id],
    );
  }

  async byCallId(messageId: number, callId: string): Promise<ToolCallRecord | undefined> {
    const row = await this.unitOfWork.sql.get<ToolCallRow>(
      `SELECT ${TOOL_CALL_COLUMNS} FROM operator_tool_call c JOIN operator_message m ON m.id = c.message_id
       WHERE c.message_id = ? AND c.call_id = ?`,
      [messageId, callId],
    );
    return row && toToolCallRecord(row);
  }

  /** Those that were made on the way to a message; not what was reported of it later. */
  async recordedWith(messageId: number): Promise<StoredToolCall[]> {
    const rows = await this.reader.sql((sql) =>
      sql.all<ToolCallRow>(
        `SELECT ${TOOL_CALL_COLUMNS} FROM operator_message m JOIN operator_tool_call c
           ON c.message_id = m.id AND (c.turn_id IS NOT NULL OR c.created_at = m.created_at)
         WHERE m.id = ? ORDER BY c.step, c.id`,
        [messageId],
      ),
    );
    return rows.map(toToolCallRecord);
  }
}

const asText = (result: unknown): string => JSON.stringify(result ?? null);
