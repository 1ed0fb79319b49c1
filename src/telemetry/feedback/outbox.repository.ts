import { Injectable } from '@nestjs/common';
import { Reader } from '../../database/reader';
import { sqlTime, toDate } from '../../database/sql';
import { UnitOfWork } from '../../database/unit-of-work';

export interface OutboxEntry {
  id: number;
  /** Undefined when it is no JSON: a row that this service did not write. */
  payload: unknown;
  /** How often it was sent already, in vain. */
  attempts: number;
}

/** `?, ?, ?` for a list of ids. */
const places = (ids: readonly number[]): string => ids.map(() => '?').join(', ');

/** One broken row is not to hold up those behind it. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

@Injectable()
export class OutboxRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  append(topic: string, payload: unknown, at: Date): Promise<number> {
    const time = sqlTime(at);
    return this.unitOfWork.sql.run(
      'INSERT INTO operator_outbox (topic, payload, next_attempt_at, created_at) VALUES (?, ?, ?, ?)',
      [topic, JSON.stringify(payload), time, time],
    );
  }

  /** Takes up to `limit` entries that are due, oldest first; until `until` nobody else will. */
  async claim(topic: string, now: Date, until: Date, limit: number): Promise<OutboxEntry[]> {
    const rows = await this.unitOfWork.sql.all<Omit<OutboxEntry, 'payload'> & { payload: string }>(
      `UPDATE operator_outbox SET next_attempt_at = ?
       WHERE next_attempt_at <= ? AND id IN (
         SELECT id FROM operator_outbox WHERE topic = ? AND next_attempt_at <= ? ORDER BY id LIMIT ?
       )
       RETURNING id, payload, attempts`,
      [sqlTime(until), sqlTime(now), topic, sqlTime(now), limit],
    );
    return rows.map(({ payload, ...entry }) => ({ ...entry, payload: parsed(payload) })).sort((a, b) => a.id - b.id);
  }

  async postpone(ids: readonly number[], until: Date): Promise<void> {
    await this.unitOfWork.sql.run(`UPDATE operator_outbox SET next_attempt_at = ? WHERE id IN (${places(ids)})`, [
      sqlTime(until),
      ...ids,
    ]);
  }

  /** Gives back what was claimed until at most `until`. */
  async releaseClaims(now: Date, until: Date): Promise<void> {
    await this.unitOfWork.sql.run(
      'UPDATE operator_outbox SET next_attempt_at = ? WHERE next_attempt_at > ? AND next_attempt_at <= ?',
      [sqlTime(now), sqlTime(now), sqlTime(until)],
    );
  }

  async noteFailure(id: number, error: string): Promise<void> {
    await this.unitOfWork.sql.run('UPDATE operator_outbox SET attempts = attempts + 1, last_error = ? WHERE id = ?', [
      error,
      id,
    ]);
  }

  /** Returns how many were still there. */
  remove(ids: readonly number[]): Promise<number> {
    return this.unitOfWork.sql.run(`DELETE FROM operator_outbox WHERE id IN (${places(ids)})`, ids);
  }

  removeOldest(count: number): Promise<number> {
    return this.unitOfWork.sql.run(
      'DELETE FROM operator_outbox WHERE id IN (SELECT id FROM operator_outbox ORDER BY id LIMIT ?)',
      [count],
    );
  }

  /** How many there are, and until when the last of them waits. */
  async state(): Promise<{ depth: number; waitsUntil: Date | null }> {
    const row = await this.reader.sql((sql) =>
      sql.get<{ depth: number | string; until: string | Date | null }>(
        'SELECT COUNT(*) AS depth, MAX(next_attempt_at) AS until FROM operator_outbox',
      ),
    );
    return { depth: Number(row!.depth), waitsUntil: row!.until === null ? null : toDate(row!.until) };
  }
}
