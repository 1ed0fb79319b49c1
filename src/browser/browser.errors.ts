import { OperatorError } from '../common/errors/operator.error';

export class BrowserTaskNotFoundError extends OperatorError {
  readonly code = 'browser_task_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no browser task with this id.');
  }
}

export class BrowserTaskFinishedError extends OperatorError {
  readonly code = 'browser_task_finished';
  readonly kind = 'conflict';

  constructor(id: number, status: string) {
    super('This task has ended already. What has ended cannot be cancelled.');
    this.about({ task_id: id, task_status: status });
  }
}

export class BrowserQueueFullError extends OperatorError {
  readonly code = 'queue_full';
  readonly kind = 'overloaded';

  constructor(retryAfterS: number) {
    super('Too many browser tasks are waiting. Nothing was stored.');
    this.retryAfter(retryAfterS);
  }
}

export class BrowserUnavailableError extends OperatorError {
  readonly code = 'browser_unavailable';
  readonly kind = 'unavailable';

  constructor(message: string) {
    super(message);
    this.retryAfter(30);
  }
}

export class ScriptNotAllowedError extends OperatorError {
  readonly code = 'script_not_allowed';
  readonly kind = 'forbidden';

  constructor() {
    super('Tasks may not run JavaScript of their own here. BROWSER_ALLOW_SCRIPT=true lets them.');
  }
}

export class UrlNotAllowedError extends OperatorError {
  readonly code = 'url_not_allowed';
  readonly kind = 'forbidden';

  constructor(reason: string) {
    super(`The browser may not open this URL: ${reason.replaceAll('_', ' ')}.`);
    this.about({ reason });
  }
}

/** The tool call that a task is to hang on. */
export class TaskToolCallNotFoundError extends OperatorError {
  readonly code = 'tool_call_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no tool call with this id.');
  }
}

export class SnapshotNotFoundError extends OperatorError {
  readonly code = 'snapshot_not_found';
  readonly kind = 'not-found';

  constructor(status: string) {
    super('There is no picture of this task: it has not come to that, none was asked for, or its time is over.');
    this.about({ task_status: status });
  }
}

export class ArtifactNotFoundError extends OperatorError {
  readonly code = 'artifact_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no such artifact, or its time is over.');
  }
}

/** What is in the file is not what was put there. */
export class ArtifactDamagedError extends OperatorError {
  readonly code = 'artifact_damaged';
  readonly kind = 'unexpected';

  constructor(id: number) {
    super('The stored bytes are not those that were kept, and are not handed out.');
    this.about({ artifact_id: id });
  }
}
