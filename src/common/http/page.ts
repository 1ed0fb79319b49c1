import { ValidationFailedError } from '../errors/http.errors';

/** The size of a page as asked for, if it is allowed, else the default. */
export function pageSize(asked: number | undefined, byDefault: number, max: number): number {
  if (asked !== undefined && asked > max) {
    throw new ValidationFailedError([{ field: 'limit', message: `limit must not be greater than ${max}` }]);
  }
  return asked ?? Math.min(byDefault, max);
}

/** Cursors are opaque: clients hand back what they were given. */
export const toCursor = (position: number | null): string | null =>
  position === null ? null : Buffer.from(`p${position}`).toString('base64url');

export function fromCursor(cursor: string | undefined): number | null {
  if (cursor === undefined) return null;
  const [, position] = /^p(\d{1,10})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (!position || Number(position) > 2_147_483_647) {
    throw new ValidationFailedError([{ field: 'cursor', message: 'cursor must be one that a page handed out' }]);
  }
  return Number(position);
}
