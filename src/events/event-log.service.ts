import { Injectable } from '@nestjs/common';
import { rowsOf, sqlTime } from '../database/sql';
import { UnitOfWork } from '../database/unit-of-work';
import type { OperatorEventBody } from './events.types';

/** The append-only record of what happened, the one source of everything that is live. */
@Injectable()
export class EventLogService {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /**
   * Appends in the ambient transaction. The caller has written the session's row in it, which makes other writers of
   * the same session wait: so `seq` has neither gaps nor ties.
   */
  async append(sessionId: string, events: OperatorEventBody[], at: Date): Promise<void> {
    const { sql } = this.unitOfWork;
    const last = await sql.get<{ seq: number | null }>(
      'SELECT MAX(seq) AS seq FROM operator_event WHERE session_id = ?',
      [sessionId],
    );
    const first = (last?.seq ?? 0) + 1;
    await sql.run(
      `INSERT INTO operator_event (session_id, seq, type, data, created_at) VALUES ${rowsOf(events.length, 5)}`,
      events.flatMap(({ type, data }, index) => [sessionId, first + index, type, JSON.stringify(data), sqlTime(at)]),
    );
  }
}
