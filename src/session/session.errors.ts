import { OperatorError } from '../common/errors/operator.error';

export class SessionNotFoundError extends OperatorError {
  readonly code = 'session_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no session with this id.');
  }
}

export class MessageNotFoundError extends OperatorError {
  readonly code = 'message_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no message with this id.');
  }
}
