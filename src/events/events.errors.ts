import { OperatorError } from '../common/errors/operator.error';

export class TooManyStreamsError extends OperatorError {
  readonly code = 'too_many_streams';
  readonly kind = 'overloaded';

  constructor() {
    super('No more streams can be opened now.');
    this.retryAfter(5);
  }
}
