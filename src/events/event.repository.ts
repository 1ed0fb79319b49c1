import { Injectable } from '@nestjs/common';
import { Reader } from '../database/reader';
import { type Sql, type SqlValue, rowsOf, sqlTime, toDate } from '../database/sql';
import { UnitOfWork } from '../database/unit-of-work';
import { EventFrame, type StoredEvent } from './event-frame';
import { type EventPosition, cursorOf } from './event-position';
import type { MessageDelta } from './events.types';

/** What a reader of all sessions wants to see; what is left out is not asked for. */
export interface EventFilter {
  sessionId?: string;
  /** Names of types, or of their first part: `turn.failed`, `turn`. */
  types?: string[];
}

const COLUMNS = 'tx, id, session_id, seq, type, data, created_at';
/** On PostgreSQL: only of transactions before which none is open, so that nothing turns up behind a reader's back. */
const SETTLED = 'AND tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint';

@Injectable()
export class EventRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  async append(sessionId: string, events: { type: string; data: string }[], at: Date): Promise<StoredEvent[]> {
    const { sql } = this.unitOfWork;
    const last = await sql.get<{ seq: number | null }>(
      'SELECT MAX(seq) AS seq FROM operator_event WHERE session_id = ?',
      [sessionId],
    );
    const first = (last?.seq ?? 0) + 1;
    const stored = events.map(({ type, data }, index) => ({ sessionId, seq: first + index, type, data, at }));
    const tx = this.reader.isPostgres ? 'pg_current_xact_id()::text::bigint' : '0';
    await sql.run(
      `INSERT INTO operator_event (session_id, seq, type, data, created_at, tx)
       VALUES ${rowsOf(events.length, 5).replaceAll('?)', `?, ${tx})`)}`,
      stored.flatMap(({ seq, type, data }) => [sessionId, seq, type, data, sqlTime(at)]),
    );
    return stored;
  }

  /** Of one session, the oldest first. */
  async after(sessionId: string, seq: number, limit: number): Promise<EventFrame[]> {
    const rows = await this.reader.sql((sql) =>
      sql.all<EventRow>(
        `SELECT ${COLUMNS} FROM operator_event WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ${limit}`,
        [sessionId, seq],
      ),
    );
    return rows.map((row) => EventFrame.stored(toEvent(row)));
  }

  async lastSeq(sessionId: string): Promise<number> {
    const row = await this.reader.sql((sql) =>
      sql.get<{ seq: number | null }>('SELECT MAX(seq) AS seq FROM operator_event WHERE session_id = ?', [sessionId]),
    );
    return row?.seq ?? 0;
  }

  /** Of all sessions, in the order in which they were committed. */
  async tail({ tx, id }: EventPosition, { sessionId, types }: EventFilter, limit: number): Promise<EventFrame[]> {
    const [where, values] = conditions([
      sessionId !== undefined && ['session_id = ?', sessionId],
      types !== undefined && [
        `(${types.map(() => `type = ? OR type LIKE ? ESCAPE '!'`).join(' OR ')})`,
        ...types.flatMap((type) => [type, `${type.replace(/[!%_]/g, '!$&')}.%`]),
      ],
    ]);
    const rows = await this.reader.sql((sql) =>
      sql.all<EventRow>(
        `SELECT ${COLUMNS} FROM operator_event WHERE (tx, id) > (?, ?) ${this.settled()} ${where}
         ORDER BY tx, id LIMIT ${limit}`,
        [tx, id, ...values],
      ),
    );
    return rows.map((row) => {
      const { sessionId: session, type, data, at, seq } = toEvent(row);
      return new EventFrame(session, type, data, at, seq, cursorOf({ tx: Number(row.tx), id: row.id }));
    });
  }

  /** The position after everything that a reader could have seen by now. */
  async head(): Promise<EventPosition> {
    const row = await this.reader.sql((sql) =>
      sql.get<{ tx: string | number; id: number }>(
        `SELECT tx, id FROM operator_event WHERE tx >= 0 ${this.settled()} ORDER BY tx DESC, id DESC LIMIT 1`,
      ),
    );
    return row ? { tx: Number(row.tx), id: row.id } : { tx: 0, id: 0 };
  }

  async textOf(sessionId: string, turnId: string, attempt: number, from: number): Promise<string> {
    const rows = await this.reader.sql((sql: Sql) =>
      sql.all<{ data: string }>(
        `SELECT data FROM operator_event WHERE session_id = ? AND seq >= ? AND type = 'message.delta' ORDER BY seq`,
        [sessionId, from],
      ),
    );
    // By their places: a piece that was stored after all is stored again when the database could not say so.
    return rows
      .map(({ data }) => JSON.parse(data) as MessageDelta)
      .filter((delta) => delta.turn_id === turnId && delta.attempt === attempt)
      .reduce((text, delta) => text.slice(0, delta.offset) + delta.text, '');
  }

  private settled(): string {
    return this.reader.isPostgres ? SETTLED : '';
  }
}

type Condition = [sql: string, ...values: SqlValue[]];

function conditions(given: (Condition | false)[]): [string, SqlValue[]] {
  const wanted = given.filter((condition) => condition !== false);
  return [wanted.map(([sql]) => `AND ${sql}`).join(' '), wanted.flatMap(([, ...values]) => values)];
}

interface EventRow {
  tx: string | number;
  id: number;
  session_id: string;
  seq: number;
  type: string;
  data: string;
  created_at: string | Date;
}

const toEvent = (row: EventRow): StoredEvent => ({
  sessionId: row.session_id,
  seq: row.seq,
  type: row.type,
  data: row.data,
  at: toDate(row.created_at),
});
