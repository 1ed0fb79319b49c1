import { Inject, Injectable } from '@nestjs/common';
import { journal } from '../../common/logging/journal';
import { CONFIG, type Config } from '../../config/config';
import { UnitOfWork } from '../../database/unit-of-work';
import { SwitchGateway } from '../../switch-gateway/switch-gateway.service';
import type { SwitchFeedback } from '../../switch-gateway/switch-gateway.types';
import { FeedbackCourier, SWITCH_FEEDBACK } from './feedback-courier';
import { OutboxService } from './outbox.service';

/** Takes down how engines did, for Switch to hear of it later. */
@Injectable()
export class FeedbackService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: OutboxService,
    private readonly courier: FeedbackCourier,
    private readonly gateway: SwitchGateway,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** How a turn went. Joins the caller's unit of work; nothing is sent before that is durable. */
  async ofTurn(feedback: SwitchFeedback, at: Date): Promise<void> {
    if (this.config.switch.feedback && this.gateway.takesFeedback) await this.enqueue(feedback, at);
  }

  /** What a client has to say. False: the engine has no use for it, and it is not kept. */
  async submit(feedback: SwitchFeedback): Promise<boolean> {
    if (this.gateway.takesFeedback) await this.unitOfWork.run(() => this.enqueue(feedback, new Date()));
    journal(`feedback:${feedback.engine}:${this.gateway.takesFeedback ? 'accepted' : 'discarded'}`);
    return this.gateway.takesFeedback;
  }

  private async enqueue(feedback: SwitchFeedback, at: Date): Promise<void> {
    await this.outbox.append(SWITCH_FEEDBACK, feedback, at);
    this.courier.wake();
  }
}
