import { createHash } from 'node:crypto';
import { IdempotencyKeyReusedError } from '../errors/http.errors';

/** A client's promise that requests with one key are one and the same; the hash tells whether they are. */
export interface Idempotency {
  key: string;
  requestHash: string;
}

const KEY_KEPT_MS = 24 * 60 * 60 * 1_000;

/** The key of a request, if it came with one, and what the request was: `command`, every field there. */
export const idempotencyOf = (key: string | undefined, command: object): Idempotency | null =>
  key === undefined ? null : { key, requestHash: createHash('sha256').update(JSON.stringify(command)).digest('hex') };

/** Whether a record stored under a key still answers for it. Throws if it came with another request. */
export function answersFor(
  record: { createdAt: Date; requestHash: string | null },
  { requestHash }: Idempotency,
): boolean {
  if (record.createdAt.getTime() < Date.now() - KEY_KEPT_MS) return false;
  if (record.requestHash !== requestHash) throw new IdempotencyKeyReusedError();
  return true;
}
