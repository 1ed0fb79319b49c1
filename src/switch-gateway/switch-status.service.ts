import { Injectable } from '@nestjs/common';
import { SharedAnswer } from '../upstream/shared-answer';
import { SwitchGateway } from './switch-gateway.service';
import type { SwitchModels, SwitchQueueStatus } from './switch-gateway.types';

/** What is live is not kept; but those who ask at the same time share one call, and a Switch that hangs holds no more. */
const LIVE = { ttlMs: 0 };

/** Switch's queue and models, as they are now. */
@Injectable()
export class SwitchStatusService {
  private readonly queues: SharedAnswer<SwitchQueueStatus>;
  private readonly modelLists: SharedAnswer<SwitchModels>;

  constructor(private readonly gateway: SwitchGateway) {
    this.queues = new SharedAnswer(() => gateway.queueStatus(), LIVE);
    this.modelLists = new SharedAnswer(() => gateway.models(), LIVE);
  }

  get engine(): SwitchGateway['name'] {
    return this.gateway.name;
  }

  /** @throws SwitchError */
  async queue(): Promise<SwitchQueueStatus> {
    return (await this.queues.get()).value;
  }

  /** @throws SwitchError */
  async models(): Promise<SwitchModels> {
    return (await this.modelLists.get()).value;
  }
}
