import { Injectable } from '@nestjs/common';
import { OperatorError } from '../common/errors/operator.error';
import { BoundedLabel } from '../common/metrics/bounded-label';
import { Metrics } from '../common/metrics/metrics.service';
import { SwitchGateway } from '../switch-gateway/switch-gateway.service';
import { TurnCancelledError } from './chat.errors';
import type { TurnTime } from './turn-clock';
import type { Answered } from './turn-runner';

/** Counts turns by how they ended, and measures whose time they took. */
@Injectable()
export class TurnMetrics {
  private readonly turns;
  private readonly seconds;
  private readonly engines = new BoundedLabel();

  constructor(
    metrics: Metrics,
    private readonly gateway: SwitchGateway,
  ) {
    this.turns = metrics.counter({
      name: 'operator_turns_total',
      help: 'Turns, by how they ended, who answered, and the code of the error.',
      labelNames: ['outcome', 'engine', 'error'],
    });
    this.seconds = metrics.histogram({
      name: 'operator_turn_duration_seconds',
      help: 'Turns that an engine was asked: whose time they took.',
      labelNames: ['part'],
    });
  }

  answered(answer: Answered, time: TurnTime): void {
    if (answer.kind === 'answered') {
      const outcome = answer.isReplay ? 'replayed' : 'succeeded';
      this.turns({ outcome, engine: this.engines.of(answer.engine ?? 'unknown'), error: '' });
    } else {
      this.turns({ outcome: 'awaiting_approval', engine: this.gateway.name, error: '' });
    }
    this.took(time);
  }

  /** With whom it is not known who would have answered: the engine is the one that was to be asked. */
  failed(error: unknown, time: TurnTime): void {
    const isCancelled = error instanceof TurnCancelledError;
    const outcome = isCancelled ? 'cancelled' : time.hasAsked ? 'failed' : 'refused';
    const code = error instanceof OperatorError ? error.code : 'internal_error';
    this.turns({ outcome, engine: this.gateway.name, error: code });
    this.took(time);
  }

  private took({ operatorMs, upstreamMs, waitingMs, hasAsked }: TurnTime): void {
    if (!hasAsked) return;
    this.seconds({ part: 'operator' }, operatorMs / 1_000);
    this.seconds({ part: 'upstream' }, upstreamMs / 1_000);
    this.seconds({ part: 'waiting' }, waitingMs / 1_000);
  }
}
