import { SwitchUnsupportedError } from '../switch.errors';
import { SwitchGateway } from '../switch-gateway.service';
import type { SwitchQueueStatus, SwitchTask, SwitchTaskReply } from '../switch-gateway.types';

/** An engine that answers, and has nothing of what a router has besides: no queue, no tasks, no choice of models. */
export abstract class RouterlessEngine extends SwitchGateway {
  readonly takesFeedback = false;

  async task({ taskType }: SwitchTask): Promise<SwitchTaskReply> {
    throw new SwitchUnsupportedError(`tasks such as “${taskType}”`);
  }

  async submitFeedback(): Promise<boolean> {
    return false;
  }

  /** Nothing waits here; where something waits behind it, it has no word for that. */
  async queueStatus(): Promise<SwitchQueueStatus> {
    return { size: 0, items: [] };
  }

  async setDefaultModel(): Promise<void> {
    throw new SwitchUnsupportedError('set_default_model');
  }

  async preloadModel(): Promise<void> {
    throw new SwitchUnsupportedError('preload_model');
  }
}
