/** What went wrong, in terms a caller can act on. The HTTP status is chosen in `problem.ts`. */
export type ErrorKind =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'too-large'
  | 'unsupported-media-type'
  | 'invalid'
  | 'overloaded'
  | 'unexpected'
  | 'bad-upstream'
  | 'unavailable'
  | 'upstream-timeout';

export interface FieldError {
  field: string;
  message: string;
}

/**
 * Root of every error this service raises on purpose.
 *
 * `message`, `extensions` and `headers` reach clients: never put secrets, SQL or file paths in them.
 * `cause` reaches logs only.
 */
export abstract class OperatorError extends Error {
  abstract readonly code: string;
  abstract readonly kind: ErrorKind;
  /** One entry a rejected field. */
  readonly errors?: FieldError[];
  /** Further members of the problem document. */
  extensions: Record<string, string | number | null> = {};
  headers: Record<string, string> = {};

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }

  /** Says which records the error is about. */
  about(extensions: Record<string, string | number | null>): this {
    Object.assign(this.extensions, extensions);
    return this;
  }

  /** Says when trying again may help. */
  retryAfter(seconds: number): this {
    this.headers['Retry-After'] = String(Math.max(1, Math.ceil(seconds)));
    return this;
  }
}
