import { OperatorError } from '../../common/errors/operator.error';

export class ToolCallNotFoundError extends OperatorError {
  readonly code = 'tool_call_not_found';
  readonly kind = 'not-found';

  constructor() {
    super('There is no tool call with this id.');
  }
}

export class ToolCallFinishedError extends OperatorError {
  readonly code = 'tool_call_finished';
  readonly kind = 'conflict';

  constructor(id: number, status: string) {
    super('This call has ended otherwise before. What has ended does not change.');
    this.about({ tool_call_id: id, tool_call_status: status });
  }
}
