import { Injectable } from '@nestjs/common';
import { OperatorError } from '../common/errors/operator.error';
import { BoundedLabel } from '../common/metrics/bounded-label';
import { Metrics } from '../common/metrics/metrics.service';
import { SwitchGateway } from '../switch-gateway/switch-gateway.service';
import type { TurnTime } from './turn-clock';
import type { ChatAnswer } from './turn.types';

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

  answered({ engine, isReplay }: Pick<ChatAnswer, 'engine' | 'isReplay'>, time: TurnTime): void {
    const outcome = isReplay ? 'replayed' : 'succeeded';
    this.turns({ outcome, engine: this.engines.of(engine ?? 'unknown'), error: '' });
    this.took(time);
  }

  /** With whom it is not known who would have answered: the engine is the one that was to be asked. */
  failed(error: unknown, time: TurnTime): void {
    const outcome = time.hasAsked ? 'failed' : 'refused';
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
