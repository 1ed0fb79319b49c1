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

/** Somebody has put an end to it. What was said until then is kept. */
export class TurnCancelledError extends OperatorError {
  readonly code = 'turn_cancelled';
  readonly kind = 'conflict';

  constructor() {
    super('The turn was cancelled.');
  }
}

export class TurnFinishedError extends OperatorError {
  readonly code = 'turn_finished';
  readonly kind = 'conflict';

  constructor(id: string, status: string) {
    super('This turn has ended already.');
    this.about({ turn_id: id, turn_status: status });
  }
}

/** The session's turn waits for a person: another one would have to be answered before it. */
export class TurnAwaitsApprovalError extends OperatorError {
  readonly code = 'turn_awaiting_approval';
  readonly kind = 'conflict';

  constructor({ id, sessionId }: { id: string; sessionId: string }) {
    super('A turn of this session waits for a person to decide. Decide at turn_url, or cancel it.');
    const url = `/operator/turn/${id}`;
    this.about({ session_id: sessionId, turn_id: id, turn_url: url });
    this.headers['Location'] = url;
  }
}

/** The engine asks for tools again and again, and does not come to an answer. */
export class ToolStepsExhaustedError extends OperatorError {
  readonly code = 'tool_steps_exhausted';
  readonly kind = 'bad-upstream';

  constructor(steps: number) {
    super(`The engine asked for tools ${steps} times in a row and has not given an answer.`);
  }
}

/** The engine asks for more at once than anybody would run. */
export class TooManyToolCallsError extends OperatorError {
  readonly code = 'too_many_tool_calls';
  readonly kind = 'bad-upstream';

  constructor(count: number, most: number) {
    super(`The engine asked for ${count} tools at once, more than ${most}.`);
  }
}

export class ApprovalExpiredError extends OperatorError {
  readonly code = 'approval_expired';
  readonly kind = 'conflict';

  constructor() {
    super('Nobody has decided in time.');
  }
}

export class ApprovalNotFoundError extends OperatorError {
  readonly code = 'tool_call_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no tool call with this id that would have to be decided.');
  }
}

export class ApprovalDecidedError extends OperatorError {
  readonly code = 'tool_call_decided';
  readonly kind = 'conflict';

  constructor(id: number, approval: string) {
    super('This call has been decided otherwise before.');
    this.about({ tool_call_id: id, approval });
  }
}

/** What is agreed to is not what would be run. */
export class ArgumentsChangedError extends OperatorError {
  readonly code = 'arguments_mismatch';
  readonly kind = 'conflict';

  constructor(id: number, argumentsHash: string) {
    super('The hash is not that of this call’s arguments. Look at them again.');
    this.about({ tool_call_id: id, arguments_hash: argumentsHash });
  }
}

/** A frame of a WebSocket that is neither a text to be said nor a message. */
export class MalformedFrameError extends OperatorError {
  readonly code = 'malformed_frame';
  readonly kind = 'malformed';

  constructor(why: string) {
    super(`The frame cannot be understood: ${why}.`);
  }
}

export class TooManyFramesError extends OperatorError {
  readonly code = 'too_many_frames';
  readonly kind = 'overloaded';

  constructor() {
    super('Too many frames a second: those beyond are not looked at.');
  }
}
