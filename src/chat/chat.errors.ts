import { OperatorError } from '../common/errors/operator.error';

export class TurnInProgressError extends OperatorError {
  readonly code = 'turn_in_progress';
  readonly kind = 'conflict';

  constructor({ id, sessionId }: { id: string; sessionId: string }) {
    super('This turn is still running. Its state is at turn_url.');
    const url = `/operator/turn/${id}`;
    this.about({ session_id: sessionId, turn_id: id, turn_url: url });
    this.headers['Location'] = url;
    this.retryAfter(1);
  }
}

/** Another request of the session is being answered, and this one did not want to wait. */
export class SessionBusyError extends OperatorError {
  readonly code = 'turn_in_progress';
  readonly kind = 'conflict';

  constructor(sessionId: string) {
    super('Another turn of this session is running.');
    this.about({ session_id: sessionId }).retryAfter(1);
  }
}

export class QueueFullError extends OperatorError {
  readonly code = 'queue_full';
  readonly kind = 'overloaded';

  constructor(where: string) {
    super(`Too many turns are waiting ${where}. Nothing was stored.`);
    this.retryAfter(2);
  }
}

export class TurnNotFoundError extends OperatorError {
  readonly code = 'turn_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no turn with this id.');
  }
}

/** The turn was taken from us while we ran it: erased with its session, or its lease was over. */
export class TurnLostError extends OperatorError {
  readonly code = 'interrupted';
  readonly kind = 'unavailable';

  constructor() {
    super('The turn was interrupted and its answer discarded.');
  }
}

/** The engine failed in a way that nobody foresaw: a fault of ours. */
export class EngineFailedError extends OperatorError {
  readonly code = 'internal_error';
  readonly kind = 'unexpected';

  constructor(cause: unknown) {
    super('Something went wrong on our side. Quote the request id.', { cause });
  }
}
