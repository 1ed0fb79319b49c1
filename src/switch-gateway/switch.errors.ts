import { type ErrorKind, OperatorError } from '../common/errors/operator.error';

/** Whom an error's message is about. */
export type Subject = 'Switch' | 'The model server';

/** The engine did not answer, or not with an answer. */
export abstract class SwitchError extends OperatorError {
  /** Which engine it was, if the router said so. */
  engine: string | null = null;
  /** Whether anybody was asked at all. */
  readonly wasAsked: boolean = true;
}

export class SwitchUnavailableError extends SwitchError {
  readonly code = 'switch_unavailable';
  readonly kind: ErrorKind = 'unavailable';

  constructor(cause?: unknown, subject: Subject = 'Switch') {
    super(`${subject} cannot be reached.`, { cause });
    this.retryAfter(5);
  }
}

/** It failed several times in a row: callers need not wait to hear that again. */
export class SwitchLeftAloneError extends SwitchError {
  readonly code = 'switch_unavailable';
  readonly kind: ErrorKind = 'unavailable';

  override readonly wasAsked = false;

  constructor(retryAfterMs: number, subject: Subject = 'Switch') {
    super(`${subject} failed several times in a row, and is left alone until it answers its health check.`);
    this.retryAfter(retryAfterMs / 1_000);
  }
}

export class SwitchTimeoutError extends SwitchError {
  readonly code = 'switch_timeout';
  readonly kind: ErrorKind = 'upstream-timeout';

  constructor(cause?: unknown, subject: Subject = 'Switch') {
    super(`${subject} did not answer in time.`, { cause });
  }
}

export class SwitchThrottledError extends SwitchError {
  readonly code = 'switch_throttled';
  readonly kind: ErrorKind = 'unavailable';

  constructor(retryAfterSeconds: number, subject: Subject = 'Switch') {
    super(`${subject} has too much to do.`);
    this.retryAfter(retryAfterSeconds);
  }
}

export class SwitchAuthFailedError extends SwitchError {
  readonly code = 'switch_auth_failed';
  readonly kind: ErrorKind = 'bad-upstream';

  constructor(subject: Subject = 'Switch', variable = 'SWITCH_TOKEN') {
    super(`${subject} does not accept the token Operator presents. Check ${variable}.`);
  }
}

export class SwitchServerError extends SwitchError {
  readonly code = 'switch_error';
  readonly kind: ErrorKind = 'bad-upstream';

  constructor(
    readonly status: number,
    cause?: unknown,
    subject: Subject = 'Switch',
  ) {
    super(`${subject} answered with status ${status}.`, { cause });
  }
}

/** It says 200, and yet there is no answer in it. */
export class SwitchBadReplyError extends SwitchError {
  readonly code = 'switch_bad_reply';
  readonly kind: ErrorKind = 'bad-upstream';

  constructor(what: string, cause?: unknown, subject: Subject = 'Switch') {
    super(`${subject} did not give an answer: ${what}.`, { cause });
  }
}

/** The engine has no such operation. */
export class SwitchUnsupportedError extends SwitchError {
  readonly code = 'switch_unsupported';
  readonly kind: ErrorKind = 'bad-upstream';

  constructor(operation: string) {
    super(`This engine does not know ${operation}.`);
  }
}

/** Switch was asked to use a model that it does not have. */
export class ModelNotFoundError extends SwitchError {
  readonly code = 'model_not_found';
  readonly kind: ErrorKind = 'invalid';

  constructor(model: string) {
    super(`Switch has no model “${model}”.`);
  }
}

/** Operator itself gave the call up. */
export class SwitchAbortedError extends SwitchError {
  readonly code = 'interrupted';
  readonly kind: ErrorKind = 'unavailable';

  override readonly wasAsked = false;

  constructor() {
    super('The turn was interrupted. Send the same request again to run it on.');
    this.retryAfter(5);
  }
}
