import { Injectable } from '@nestjs/common';
import { type FindOptionsWhere, LessThan } from 'typeorm';
import { Reader } from '../database/reader';
import { sqlTime } from '../database/sql';
import { UnitOfWork } from '../database/unit-of-work';
import { OperatorSession } from './operator-session.entity';

/** Sessions looked through in one statement; the event loop turns between two of them. */
const SEARCH_WINDOW = 100;
const SEARCH_WINDOW_MESSAGES = 5_000;

@Injectable()
export class SessionRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  /** Locks the session's row until the transaction ends. False: there is no such session. */
  async touch(sessionId: string, at: Date, newMessages: number): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      'UPDATE operator_session SET updated_at = ?, message_count = message_count + ? WHERE session_id = ?',
      [sqlTime(at), newMessages, sessionId],
    );
    return updated > 0;
  }

  /** False: somebody else has just created it. */
  async create(sessionId: string, userId: string, at: Date, newMessages: number): Promise<boolean> {
    const created = await this.unitOfWork.sql.run(
      `INSERT INTO operator_session (session_id, user_id, source, message_count, created_at, updated_at)
       VALUES (?, ?, 'api', ?, ?, ?) ON CONFLICT (session_id) DO NOTHING`,
      [sessionId, userId, newMessages, sqlTime(at), sqlTime(at)],
    );
    return created > 0;
  }

  /** False: there was no such session. Everything that hangs on it goes with it. */
  async erase(sessionId: string): Promise<boolean> {
    return (await this.unitOfWork.sql.run('DELETE FROM operator_session WHERE session_id = ?', [sessionId])) > 0;
  }

  find(sessionId: string): Promise<OperatorSession | null> {
    return this.reader.entities((entities) => entities.findOneBy(OperatorSession, { sessionId }));
  }

  /** The newest first, older than `before`. */
  list(userId: string | undefined, before: number | null, limit: number): Promise<OperatorSession[]> {
    const where: FindOptionsWhere<OperatorSession> = {
      ...(userId !== undefined && { userId }),
      ...(before !== null && { id: LessThan(before) }),
    };
    return this.reader.entities((entities) =>
      entities.find(OperatorSession, { where, order: { id: 'DESC' }, take: limit }),
    );
  }

  /**
   * Sessions older than `before` whose id or messages contain `text`, among as many candidates as one statement may
   * look through; `lookedUntil` is where the next one goes on, null at the end.
   */
  async search(
    text: string,
    userId: string | undefined,
    before: number | null,
  ): Promise<{ found: OperatorSession[]; lookedUntil: number | null }> {
    const candidates = await this.list(userId, before, SEARCH_WINDOW);
    let messages = 0;
    const window = candidates.filter((session, index) => {
      messages += session.messageCount;
      return index === 0 || messages <= SEARCH_WINDOW_MESSAGES;
    });
    const last = window.at(-1);
    if (!last) return { found: [], lookedUntil: null };

    const found = await this.reader.entities((entities) =>
      entities
        .createQueryBuilder(OperatorSession, 'session')
        .where('session.id IN (:...ids)', { ids: window.map(({ id }) => id) })
        .andWhere(
          // Both sides lowered by the database: its idea of case need not be ours.
          `(LOWER(session.session_id) LIKE LOWER(:pattern) ESCAPE '!' OR EXISTS (
             SELECT 1 FROM operator_message message
             WHERE message.session_id = session.session_id
               AND LOWER(message.content) LIKE LOWER(:pattern) ESCAPE '!'))`,
          { pattern: `%${text.replace(/[!%_]/g, '!$&')}%` },
        )
        .orderBy('session.id', 'DESC')
        .getMany(),
    );
    const isEnd = window.length === candidates.length && candidates.length < SEARCH_WINDOW;
    return { found, lookedUntil: isEnd ? null : last.id };
  }
}
