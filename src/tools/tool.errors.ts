import { type ErrorKind, OperatorError } from '../common/errors/operator.error';

/** A tool that was run and did not come to what it was to do; what it has found until then is kept. */
export class ToolFailedError extends OperatorError {
  readonly kind: ErrorKind = 'bad-upstream';

  constructor(
    readonly code: string,
    message: string,
    readonly result: unknown,
    /** Whose words the message may repeat, a page's URL; null when they are Operator's own. */
    readonly source: string | null,
  ) {
    super(message);
  }
}

export class ToolTimeoutError extends OperatorError {
  readonly code = 'deadline_exceeded';
  readonly kind = 'upstream-timeout';

  constructor() {
    super('The tool did not end in time.');
  }
}
