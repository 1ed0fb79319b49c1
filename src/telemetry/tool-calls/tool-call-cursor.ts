import { ValidationFailedError } from '../../common/errors/http.errors';
import { isMoment } from '../../common/http/text.validators';
import type { ToolCallPosition } from './tool-call.types';

const CURSOR = /^t(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?)\/(\d{1,10})$/;
const MAX_ID = 2_147_483_647;

/** Opaque to clients, who hand back what they were given. */
export const toToolCallCursor = (position: ToolCallPosition | null): string | null =>
  position && Buffer.from(`t${position.at}/${position.id}`).toString('base64url');

export function fromToolCallCursor(cursor: string | undefined): ToolCallPosition | null {
  if (cursor === undefined) return null;
  const [, at, id] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (!at || !isMoment(`${at.replace(' ', 'T')}Z`) || Number(id) > MAX_ID) {
    throw new ValidationFailedError([{ field: 'cursor', message: 'cursor must be one that a page handed out' }]);
  }
  return { at, id: Number(id) };
}
