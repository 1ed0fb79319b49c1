import { Injectable } from '@nestjs/common';
import { type FindOptionsWhere, LessThan } from 'typeorm';
import { Reader } from '../database/reader';
import { sqlTime } from '../database/sql';
import { UnitOfWork } from '../database/unit-of-work';
import { OperatorSession } from './operator-session.entity';

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
}
