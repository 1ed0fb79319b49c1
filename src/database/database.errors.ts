import { OperatorError } from '../common/errors/operator.error';

export class DatabaseBusyError extends OperatorError {
  readonly code = 'database_busy';
  readonly kind = 'unavailable';

  constructor(cause?: unknown) {
    super('The database is locked by somebody else. Try again.', { cause });
    this.retryAfter(1);
  }
}

export class DatabaseUnavailableError extends OperatorError {
  readonly code = 'database_unavailable';
  readonly kind = 'unavailable';

  constructor(cause?: unknown) {
    super('The database cannot be reached, or cannot store. Try again later.', { cause });
    this.retryAfter(5);
  }
}

const BUSY = /^(SQLITE_BUSY|SQLITE_LOCKED|55P03$|57014$)/;
const UNAVAILABLE =
  /^(SQLITE_(FULL|IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB|NOMEM)|08|53|57P|58|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOSTUNREACH)/;
/** What driver and ORM say, without a code, of a connection that went away under them. */
const CONNECTION_LOST =
  /Connection terminated|timeout exceeded when trying to connect|QueryRunnerAlreadyReleased|Query runner already released|not queryable/;
const RETRYABLE = /^(40001|40P01)$/;

/** The driver's own code (`SQLITE_BUSY`, `53100`, `ECONNREFUSED`), also when an ORM wrapped the error. */
export function driverCode(error: unknown): string {
  const { code, driverError } = (error ?? {}) as { code?: unknown; driverError?: unknown };
  if (typeof code === 'string') return code;
  return driverError ? driverCode(driverError) : '';
}

/** A failure of the database itself as an error that clients may see; anything else as it is. */
export function toDatabaseError(error: unknown): unknown {
  const code = driverCode(error);
  if (BUSY.test(code)) return new DatabaseBusyError(error);
  if (UNAVAILABLE.test(code) || CONNECTION_LOST.test(String(error))) {
    return new DatabaseUnavailableError(error);
  }
  return error;
}

/** The database undid the transaction because of another one: the same work may succeed now. */
export const isSerializationFailure = (error: unknown): boolean => RETRYABLE.test(driverCode(error));

export const isUniqueViolation = (error: unknown): boolean =>
  /^(SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)|23505)$/.test(driverCode(error));
