import { Injectable } from '@nestjs/common';
import { Reader } from '../../database/reader';
import { type SqlValue, sqlTime, toDate } from '../../database/sql';

/** Calls of one tool that stand side by side in an index, in its order. */
export interface Run {
  where: string;
  values: SqlValue[];
  key: Key;
}

/** What tells an entry of a run from the others and orders them, and how it is read without loss. */
interface Key {
  columns: string;
  order: string;
  read: string;
}

export interface Newest {
  id: number;
  error: string | null;
  createdAt: Date;
  /** As far as is known. */
  endedAt: Date;
}

/** Where a run begins, or was left. */
export type Mark = SqlValue[];

const BY_TIME: Key = {
  columns: '(created_at, id)',
  order: 'created_at, id',
  read: 'CAST(created_at AS TEXT) AS k1, id AS k2',
};
const BY_DURATION: Key = {
  columns: '(duration_ms, id)',
  order: 'duration_ms, id',
  read: 'duration_ms AS k1, id AS k2',
};
/** Where all have the same duration, none. */
const BY_ID: Key = { columns: '(id)', order: 'duration_ms, id', read: 'id AS k1' };

const upTo = (to: Date | undefined): [sql: string, values: SqlValue[]] =>
  to ? [' AND created_at < ?', [sqlTime(to)]] : ['', []];

/** The runs that there is an index for. */
export const runs = {
  inTime(toolName: string, to: Date | undefined): Run {
    const [sql, values] = upTo(to);
    return { where: `tool_name = ?${sql}`, values: [toolName, ...values], key: BY_TIME };
  },
  withStatus(toolName: string, status: 'pending' | 'error', to: Date | undefined): Run {
    const [sql, values] = upTo(to);
    const where = `tool_name = ? AND status = ? AND status <> 'ok'${sql}`;
    return { where, values: [toolName, status, ...values], key: BY_TIME };
  },
  byDuration: (toolName: string): Run => ({ where: 'tool_name = ?', values: [toolName], key: BY_DURATION }),
  withoutDuration: (toolName: string): Run => ({
    where: 'tool_name = ? AND duration_ms IS NULL',
    values: [toolName],
    key: BY_ID,
  }),
};

/** Before all entries of a run, or before those from a moment on. */
export const start = {
  ofTime: (from: Date | undefined): Mark => [from ? sqlTime(from) : '0001-01-01 00:00:00.000000', 0],
  ofDurations: [-2_147_483_648, 0] as Mark,
  ofIds: [0] as Mark,
};

/**
 * Reads figures from the indexes alone, a piece of a run at a time: each statement steps over as many entries as it is
 * told, none reads rows.
 */
@Injectable()
export class ToolRunsRepository {
  constructor(private readonly reader: Reader) {}

  /** In order. Skips from name to name: it costs as many steps as there are tools. */
  async names(limit: number): Promise<string[]> {
    const rows = await this.reader.sql((sql) =>
      sql.all<{ name: string }>(
        `WITH RECURSIVE tool(name) AS (
           SELECT MIN(tool_name) FROM operator_tool_call
           UNION ALL
           SELECT (SELECT MIN(tool_name) FROM operator_tool_call WHERE tool_name > tool.name) FROM tool
           WHERE tool.name IS NOT NULL
         )
         SELECT name FROM tool WHERE name IS NOT NULL LIMIT ?`,
        [limit],
      ),
    );
    return rows.map(({ name }) => name);
  }

  /** When a tool was first and last called; null when it never was. */
  async period(toolName: string): Promise<{ first: Date; last: Date } | null> {
    const row = await this.reader.sql((sql) =>
      sql.get<{ first: string | Date | null; last: string | Date | null }>(
        `SELECT (SELECT MIN(created_at) FROM operator_tool_call WHERE tool_name = ?) AS first,
           (SELECT MAX(created_at) FROM operator_tool_call WHERE tool_name = ?) AS last`,
        [toolName, toolName],
      ),
    );
    return row?.first != null && row.last != null ? { first: toDate(row.first), last: toDate(row.last) } : null;
  }

  /** The entry `steps` after a mark; undefined when the run ends before. */
  async markAfter({ where, values, key }: Run, mark: Mark, steps: number): Promise<Mark | undefined> {
    const { columns, order, read } = key;
    const row = await this.reader.sql((sql) =>
      sql.get<{ k1: SqlValue; k2?: SqlValue }>(
        `SELECT ${read} FROM operator_tool_call WHERE ${where} AND ${columns} > ${marks(mark)}
         ORDER BY ${order} LIMIT 1 OFFSET ?`,
        [...values, ...mark, steps - 1],
      ),
    );
    return row && (row.k2 === undefined ? [row.k1] : [row.k1, row.k2]);
  }

  async countAfter({ where, values, key: { columns } }: Run, mark: Mark): Promise<number> {
    const row = await this.reader.sql((sql) =>
      sql.get<{ calls: number }>(
        `SELECT CAST(COUNT(*) AS INTEGER) AS calls FROM operator_tool_call WHERE ${where} AND ${columns} > ${marks(mark)}`,
        [...values, ...mark],
      ),
    );
    return row!.calls;
  }

  /** How many of the `limit` calls after a mark took how long. */
  durationsAfter(
    { where, values, key: { columns, order } }: Run,
    mark: Mark,
    limit: number,
  ): Promise<{ duration: number | null; calls: number }[]> {
    return this.reader.sql((sql) =>
      sql.all(
        `SELECT duration_ms AS duration, CAST(COUNT(*) AS INTEGER) AS calls FROM (
           SELECT duration_ms FROM operator_tool_call WHERE ${where} AND ${columns} > ${marks(mark)}
           ORDER BY ${order} LIMIT ?
         ) AS piece GROUP BY duration_ms`,
        [...values, ...mark, limit],
      ),
    );
  }

  /** The newest call of a run in time. */
  async newest({ where, values }: Run): Promise<Newest | null> {
    const row = await this.reader.sql((sql) =>
      sql.get<{ id: number; error: string | null; created_at: string | Date; finished_at: string | Date | null }>(
        `SELECT id, error, created_at, finished_at FROM operator_tool_call WHERE ${where}
         ORDER BY created_at DESC, id DESC LIMIT 1`,
        values,
      ),
    );
    if (!row) return null;
    const createdAt = toDate(row.created_at);
    return { id: row.id, error: row.error, createdAt, endedAt: row.finished_at ? toDate(row.finished_at) : createdAt };
  }
}

const marks = (mark: Mark): string => `(${mark.map(() => '?').join(', ')})`;
