export type SqlValue = string | number | null;

/**
 * Prepared statements that read the same on SQLite and PostgreSQL: `?` marks a parameter, `RETURNING` and
 * `ON CONFLICT` are understood by both. Times are written with `sqlTime` and read with `toDate`.
 */
export interface Sql {
  all<Row>(statement: string, values?: readonly SqlValue[]): Promise<Row[]>;
  get<Row>(statement: string, values?: readonly SqlValue[]): Promise<Row | undefined>;
  /** Returns how many rows were written. */
  run(statement: string, values?: readonly SqlValue[]): Promise<number>;
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

/** `(?, ?), (?, ?)`: one statement for several rows. */
export const rowsOf = (rows: number, columns: number): string =>
  Array(rows)
    .fill(`(${Array(columns).fill('?').join(', ')})`)
    .join(', ');
