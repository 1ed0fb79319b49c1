import { OperatorError } from '../common/errors/operator.error';

export class BrowserTaskNotFoundError extends OperatorError {
  readonly code = 'browser_task_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no browser task with this id.');
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
