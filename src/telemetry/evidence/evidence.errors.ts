import { OperatorError } from '../../common/errors/operator.error';

/** As `chat` says it of its own: nothing here may know `chat`. */
export class EvidenceTurnNotFoundError extends OperatorError {
  readonly code = 'turn_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no turn with this id.');
  }
}
