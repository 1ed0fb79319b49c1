import { Injectable } from '@nestjs/common';
import { journal } from '../common/logging/journal';
import { TurnOutcomeService } from './turn-outcome.service';
import { type TurnView, TurnService } from './turn.service';

/** Puts an end to turns that a person does not want any more. */
@Injectable()
export class TurnCancelService {
  constructor(
    private readonly turns: TurnService,
    private readonly outcomes: TurnOutcomeService,
  ) {}

  /** Returns the turn as it is then. Cancelling twice is cancelling once. */
  async cancel(id: string): Promise<TurnView> {
    const { turn } = await this.turns.get(id);
    const records = { session_id: turn.sessionId, turn_id: id };
    if (await this.outcomes.cancel(id, turn.sessionId)) journal(`chat:${turn.sessionId}:cancelled`, records);
    return this.turns.get(id);
  }
}
