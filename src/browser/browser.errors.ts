import { OperatorError } from '../common/errors/operator.error';

export class BrowserTaskNotFoundError extends OperatorError {
  readonly code = 'browser_task_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no browser task with this id.');
  }
}
