export type SqlValue = string | number | null;

/**
 * Prepared statements that read the same on SQLite and PostgreSQL: `?` marks a parameter, `RETURNING` and
 * `ON CONFLICT` are understood by both. Times are written with `sqlTime` and read with `toDate`. What is always the same
 * number goes into the text: SQLite plans a statement with `LIMIT ?` anew each time, which takes longer than to run it.
 */
export interface Sql {
  all<Row>(statement: string, values?: readonly SqlValue[]): Promise<Row[]>;
  get<Row>(statement: string, values?: readonly SqlValue[]): Promise<Row | undefined>;
  /** Returns how many rows were written. */
  run(statement: string, values?: readonly SqlValue[]): Promise<number>;
}

export interface SqlQuery {
  statement: string;
  values: readonly SqlValue[];
}

/** Statements that can also be asked several things about one and the same state of the database. */
export interface SnapshotSql extends Sql {
  /** The rows of each query, in order. */
  snapshot(queries: readonly SqlQuery[]): Promise<unknown[][]>;
}

/** `2026-11-23 09:30:00.123000`, UTC: what the original wrote, so that its readers understand our rows. */
export function sqlTime(date: Date): string {
  // The rows of a transaction mostly share one moment, and one `Date`.
  if (date !== lastDate) {
    lastText = `${date.toISOString().replace('T', ' ').slice(0, -1)}000`;
    lastDate = date;
  }
  return lastText;
}
let lastDate: Date;
let lastText: string;

/** SQLite answers the text that was written, PostgreSQL's driver a date. */
export const toDate = (value: string | Date): Date =>
  value instanceof Date ? value : new Date(`${value.replace(' ', 'T')}Z`);

/**
 * What a JSON column holds. Others write these tables too, and Python's JSON has a `NaN`: a text that is no JSON is shown
 * as the text it is, so that one row does not hide all others of its list.
 */
export function fromStoredJson(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `(?, ?), (?, ?)`: one statement for several rows. */
export const rowsOf = (rows: number, columns: number): string =>
  Array(rows)
    .fill(`(${Array(columns).fill('?').join(', ')})`)
    .join(', ');
