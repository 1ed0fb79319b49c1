import { Injectable } from '@nestjs/common';
import { Reader } from '../database/reader';
import { rowsOf, sqlTime } from '../database/sql';
import { UnitOfWork } from '../database/unit-of-work';
import { OperatorToolCall } from './operator-tool-call.entity';
import type { FinishedToolCall, StoredToolCall } from './telemetry.types';

@Injectable()
export class ToolCallRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  /** Returns them in the same order, with their ids. */
  async append(messageId: number, calls: FinishedToolCall[], at: Date): Promise<StoredToolCall[]> {
    const rows = await this.unitOfWork.sql.all<{ id: number }>(
      `INSERT INTO operator_tool_call (message_id, tool_name, status, duration_ms, result, error, created_at)
       VALUES ${rowsOf(calls.length, 7)} RETURNING id`,
      calls.flatMap(({ toolName, status, durationMs, result, error }) => [
        messageId,
        toolName,
        status,
        durationMs,
        JSON.stringify(result ?? null),
        error,
        sqlTime(at),
      ]),
    );
    const ids = rows.map(({ id }) => id).sort((a, b) => a - b);
    return calls.map((call, index) => ({ ...call, id: ids[index]! }));
  }

  ofMessage(messageId: number): Promise<StoredToolCall[]> {
    return this.reader.entities((entities) =>
      entities.find(OperatorToolCall, { where: { messageId }, order: { id: 'ASC' } }),
    );
  }
}
