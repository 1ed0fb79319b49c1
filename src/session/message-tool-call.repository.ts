import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Reader } from '../database/reader';
import { sqlTime } from '../database/sql';
import type { RecordedToolCall } from './session.types';

const BEGINNING_OF_TIME = sqlTime(new Date('0001-01-01T00:00:00Z'));
const END_OF_TIME = sqlTime(new Date('9999-12-31T00:00:00Z'));

/** Where a call stands among those of its message. */
export interface ToolCallPlace {
  /** As the database writes it: some rows know more digits than a `Date` keeps. */
  at: string;
  id: number;
}

export interface ToolCallKey {
  id: number;
  message_id: number;
  result_bytes: number;
}

/** Reads the tool calls that hang on messages; who records them is telemetry. */
@Injectable()
export class MessageToolCallRepository {
  constructor(private readonly reader: Reader) {}

  /**
   * The first `limit` calls of each of a session's messages from one to another, the newest message first. However
   * many calls a message has, no more than these are looked at.
   */
  firstOfEach(sessionId: string, from: number, to: number, limit: number): Promise<ToolCallKey[]> {
    const cut = (column: string) =>
      `(SELECT ${column} FROM operator_tool_call WHERE message_id = m.id ORDER BY created_at, id LIMIT 1 OFFSET ?)`;
    return this.reader.sql((sql) =>
      sql.all<ToolCallKey>(
        `SELECT c.id, c.message_id, COALESCE(OCTET_LENGTH(c.result), 0) AS result_bytes
         FROM operator_message m JOIN operator_tool_call c ON c.message_id = m.id
           AND (c.created_at, c.id) < (COALESCE(${cut('created_at')}, ?), COALESCE(${cut('id')}, 0))
         WHERE m.session_id = ? AND m.id BETWEEN ? AND ?
         ORDER BY m.id DESC, c.created_at, c.id`,
        [limit, END_OF_TIME, limit, sessionId, from, to],
      ),
    );
  }

  /** In the order in which they were recorded. */
  withIds(ids: number[]): Promise<RecordedToolCall[]> {
    return this.reader.entities((entities) =>
      entities.find<RecordedToolCall>('OperatorToolCall', { where: { id: In(ids) }, order: { id: 'ASC' } }),
    );
  }

  /** The next `limit` keys of a message's calls, in the order of their index. */
  keysAfter(messageId: number, after: ToolCallPlace | null, limit: number): Promise<ToolCallPlace[]> {
    const { at, id } = after ?? { at: BEGINNING_OF_TIME, id: 0 };
    return this.reader.sql((sql) =>
      sql.all<ToolCallPlace>(
        `SELECT CAST(created_at AS TEXT) AS at, id FROM operator_tool_call
         WHERE message_id = ? AND (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?`,
        [messageId, at, id, limit],
      ),
    );
  }
}
