import { OperatorError } from '../../common/errors/operator.error';
import { APPLICABLE_KEYS } from './adjustment.types';

export class AdjustmentNotFoundError extends OperatorError {
  readonly code = 'adjustment_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no adjustment with this id.');
  }
}

export class AdjustmentAppliedError extends OperatorError {
  readonly code = 'adjustment_applied';
  readonly kind = 'conflict';

  constructor() {
    super('This adjustment has been applied before. Record another to change Switch again.');
  }
}

/** Somebody is telling Switch at this very moment. */
export class AdjustmentInProgressError extends OperatorError {
  readonly code = 'adjustment_in_progress';
  readonly kind = 'conflict';

  constructor() {
    super('This adjustment is being applied by another request.');
    this.retryAfter(1);
  }
}

export class AdjustmentNotApplicableError extends OperatorError {
  readonly code = 'adjustment_not_applicable';
  readonly kind = 'invalid';

  constructor(why: string) {
    super(`${why} Of after_config, Switch understands ${APPLICABLE_KEYS.join(' and ')}, each the name of a model.`);
  }
}
