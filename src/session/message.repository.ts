import { Injectable } from '@nestjs/common';
import { LessThan, MoreThan } from 'typeorm';
import { Reader } from '../database/reader';
import { sqlTime } from '../database/sql';
import { UnitOfWork } from '../database/unit-of-work';
import { OperatorMessage } from './operator-message.entity';
import {
  type FoundMessage,
  type HistoryMessage,
  INCOMPLETE,
  type MessageAddress,
  type NewMessage,
  type TurnMessage,
} from './session.types';

@Injectable()
export class MessageRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  async append({ sessionId, turnId, role, content, metadata, at }: NewMessage): Promise<number> {
    const row = await this.unitOfWork.sql.get<{ id: number }>(
      `INSERT INTO operator_message (session_id, turn_id, role, content, message_metadata, created_at)
       VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
      [sessionId, turnId, role, content, metadata && JSON.stringify(metadata), sqlTime(at)],
    );
    return row!.id;
  }

  /** What was said before message `before`: the newest `limit` messages, newest first. */
  async history(sessionId: string, before: number, limit: number): Promise<HistoryMessage[]> {
    const rows = await this.unitOfWork.sql.all<{ role: string; content: string; turn_id: string | null; cut: number }>(
      `SELECT role, content, turn_id, CASE WHEN role = 'assistant' AND message_metadata = ? THEN 1 ELSE 0 END AS cut
       FROM operator_message WHERE session_id = ? AND id < ? ORDER BY id DESC LIMIT ${limit}`,
      [JSON.stringify(INCOMPLETE), sessionId, before],
    );
    return rows.map(({ role, content, turn_id: turnId, cut }) => ({ role, content, turnId, isIncomplete: cut === 1 }));
  }

  /** The newest first, older than `before`. */
  page(sessionId: string, before: number | null, limit: number): Promise<OperatorMessage[]> {
    return this.reader.entities((entities) =>
      entities.find(OperatorMessage, {
        where: { sessionId, ...(before !== null && { id: LessThan(before) }) },
        order: { id: 'DESC' },
        take: limit,
      }),
    );
  }

  /** The oldest first, younger than `after`. */
  after(sessionId: string, after: number, limit: number): Promise<OperatorMessage[]> {
    return this.reader.entities((entities) =>
      entities.find(OperatorMessage, { where: { sessionId, id: MoreThan(after) }, order: { id: 'ASC' }, take: limit }),
    );
  }

  /**
   * Looks for a text, whatever its case, in the `limit` oldest messages younger than `after`. `next` is
   * where to go on, null at the end.
   */
  async lookFor(
    text: string,
    sessionId: string,
    after: number,
    limit: number,
  ): Promise<{ isFound: boolean; next: number | null }> {
    // Both sides lowered by the database: its idea of case need not be ours.
    const row = await this.reader.sql((sql) =>
      sql.get<{ last: number; looked: number; found: number | null }>(
        `SELECT MAX(id) AS last, CAST(COUNT(*) AS INTEGER) AS looked,
           MAX(CASE WHEN LOWER(content) LIKE LOWER(?) ESCAPE '!' THEN 1 ELSE 0 END) AS found
         FROM (SELECT id, content FROM operator_message WHERE session_id = ? AND id > ? ORDER BY id LIMIT ?) AS page`,
        [patternOf(text), sessionId, after, limit],
      ),
    );
    const { last, looked, found } = row!;
    return { isFound: found === 1, next: looked < limit ? null : last };
  }

  /**
   * Looks for a text, whatever its case, in the `limit` newest messages older than `before`, but not in those of one turn.
   * Hands out the newest `most` that have it. `next` is where to go on, null at the end.
   */
  async lookBack(
    text: string,
    { sessionId, exceptTurn }: { sessionId: string; exceptTurn: string },
    before: number | null,
    limit: number,
    most: number,
  ): Promise<{ found: FoundMessage[]; next: number | null }> {
    const older = before === null ? '' : 'AND id < ?';
    const bounds = before === null ? [sessionId] : [sessionId, before];
    return this.reader.sql(async (sql) => {
      const page = await sql.get<{ first: number | null; looked: number }>(
        `SELECT MIN(id) AS first, CAST(COUNT(*) AS INTEGER) AS looked
         FROM (SELECT id FROM operator_message WHERE session_id = ? ${older} ORDER BY id DESC LIMIT ?) AS page`,
        [...bounds, limit],
      );
      const { first, looked } = page!;
      if (first === null) return { found: [], next: null };
      const found = await sql.all<FoundMessage>(
        `SELECT id, role, content FROM operator_message
         WHERE session_id = ? ${older} AND id >= ? AND LOWER(content) LIKE LOWER(?) ESCAPE '!'
           AND (turn_id IS NULL OR turn_id <> ?)
         ORDER BY id DESC LIMIT ?`,
        [...bounds, first, patternOf(text), exceptTurn, most],
      );
      return { found, next: looked < limit ? null : first };
    });
  }

  async address(id: number): Promise<MessageAddress | undefined> {
    const row = await this.reader.sql((sql) =>
      sql.get<{ session_id: string; turn_id: string | null }>(
        'SELECT session_id, turn_id FROM operator_message WHERE id = ?',
        [id],
      ),
    );
    return row && { sessionId: row.session_id, turnId: row.turn_id };
  }

  async ofTurn(turnId: string, role: 'user' | 'assistant'): Promise<TurnMessage | undefined> {
    const row = await this.reader.sql((sql) =>
      sql.get<{ id: number; content: string; message_metadata: string | null }>(
        `SELECT id, content, message_metadata FROM operator_message
         WHERE turn_id = ? AND role = ? ORDER BY id DESC LIMIT 1`,
        [turnId, role],
      ),
    );
    if (!row) return undefined;
    const { id, content, message_metadata: metadata } = row;
    return { id, content, metadata: metadata === null ? null : (JSON.parse(metadata) as Record<string, unknown>) };
  }
}

/** What is to stand somewhere in a text, for `LIKE … ESCAPE '!'`. */
const patternOf = (text: string): string => `%${text.replace(/[!%_]/g, '!$&')}%`;
