import { type FieldError, OperatorError } from './operator.error';

/** Errors of the HTTP border itself, before any feature is asked. */

export class MalformedRequestError extends OperatorError {
  readonly code = 'malformed_request';
  readonly kind = 'malformed';
}

export class AuthRequiredError extends OperatorError {
  readonly code = 'auth_required';
  readonly kind = 'unauthenticated';
  override headers: Record<string, string> = { 'WWW-Authenticate': 'Bearer realm="operator"' };

  constructor() {
    super('Send a token in X-VX11-Token, or in Authorization as Bearer.');
  }
}

export class ForbiddenError extends OperatorError {
  readonly code = 'forbidden';
  readonly kind = 'forbidden';

  constructor() {
    super('This token is not valid here.');
  }
}

export class RouteNotFoundError extends OperatorError {
  readonly code = 'not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is nothing at this path. /docs lists what there is.');
  }
}

export class MethodNotAllowedError extends OperatorError {
  readonly code = 'method_not_allowed';
  readonly kind = 'method-not-allowed';

  constructor(allowed: string[]) {
    super(`This path answers ${allowed.join(', ')} only.`);
    this.headers['Allow'] = allowed.join(', ');
  }
}

export class PayloadTooLargeError extends OperatorError {
  readonly code = 'payload_too_large';
  readonly kind = 'too-large';

  constructor(what: string, limitBytes: number) {
    super(`${what} may have at most ${limitBytes} bytes.`);
  }
}

export class UnsupportedMediaTypeError extends OperatorError {
  readonly code = 'unsupported_media_type';
  readonly kind = 'unsupported-media-type';

  constructor() {
    super('Send the body as application/json, in UTF-8 and uncompressed.');
  }
}

export class ValidationFailedError extends OperatorError {
  readonly code = 'validation_failed';
  readonly kind = 'invalid';

  constructor(override readonly errors: FieldError[]) {
    super('Some fields are not valid.');
  }
}

export class IdempotencyKeyReusedError extends OperatorError {
  readonly code = 'idempotency_key_reused';
  readonly kind = 'invalid';

  constructor() {
    super('This Idempotency-Key was used for another request. Take a new key for a new request.');
  }
}

export class RateLimitedError extends OperatorError {
  readonly code = 'rate_limited';
  readonly kind = 'overloaded';

  constructor(retryAfterS: number) {
    super('This token has made too many requests that change something. Nothing was stored.');
    this.retryAfter(retryAfterS);
  }
}

export class ShuttingDownError extends OperatorError {
  readonly code = 'shutting_down';
  readonly kind = 'unavailable';

  constructor() {
    super('This instance is shutting down and takes no new work.');
    this.retryAfter(5);
  }
}
