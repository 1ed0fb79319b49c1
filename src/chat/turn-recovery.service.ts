import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CONFIG, type Config } from '../config/config';
import { EventStreamService } from '../events/event-stream.service';
import { ApprovalService } from './tools/approval.service';
import { TurnLostError } from './chat.errors';
import { ChatService } from './chat.service';
import { TurnLeases } from './turn-leases';
import { TurnOutcomeService } from './turn-outcome.service';
import { TurnQueue } from './turn-queue';
import { TurnRepository } from './turn.repository';
import type { TurnRecord } from './turn.types';

const RETRIES_AT_ONCE = 8;
/** A turn that has taken the process down this often is not tried again. */
const ATTEMPTS_MAX = 3;
const FAILED_SWEEP_AGAIN_MS = 1_000;

/**
 * Sees to it that no turn stays `running` without somebody who runs it: at start for what a crash left behind, later
 * for what other instances did, and at the end for what this one is still at.
 */
@Injectable()
export class TurnRecoveryService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(TurnRecoveryService.name);
  private readonly retrying: TurnRecord[] = [];
  private timer: NodeJS.Timeout;
  private sweeping: Promise<boolean>;
  private isStopping = false;

  constructor(
    private readonly turns: TurnRepository,
    private readonly outcomes: TurnOutcomeService,
    private readonly approvals: ApprovalService,
    private readonly streams: EventStreamService,
    private readonly chat: ChatService,
    private readonly leases: TurnLeases,
    private readonly queue: TurnQueue,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Nothing is listening yet: whoever comes finds every abandoned turn closed, or running again. */
  async onApplicationBootstrap(): Promise<void> {
    await this.sweep();
  }

  /** No new turns; those that run may end by themselves for a while, then are told to. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    const idle = this.queue.close();
    const timer = setTimeout(() => this.leases.abortAll(), this.config.turn.drainTimeoutMs);
    await Promise.all([idle, this.sweeping]);
    clearTimeout(timer);
    // Those who watch have seen how it ended.
    this.streams.closeAll();
  }

  private async sweep(): Promise<void> {
    this.sweeping = this.recoverAll();
    const isDone = await this.sweeping;
    if (this.isStopping) return;
    this.timer = setTimeout(() => void this.sweep(), isDone ? this.config.turn.leaseMs : FAILED_SWEEP_AGAIN_MS);
    this.timer.unref();
  }

  /** False: the database did not let us. */
  private async recoverAll(): Promise<boolean> {
    try {
      const abandoned = (await this.turns.listRunning()).filter((turn) => !this.leases.isHeld(turn));
      const toRetry = abandoned.filter(
        ({ attempt }) => this.config.turn.recovery === 'retry' && attempt < ATTEMPTS_MAX,
      );
      const toFail = abandoned.filter((turn) => !toRetry.includes(turn));
      if (abandoned.length > 0) {
        this.logger.warn({ event: 'recovery:turns_found', failed: toFail.length, retried: toRetry.length });
      }
      // All at once: they share a commit.
      await Promise.all(toFail.map((turn) => this.outcomes.fail(turn, new TurnLostError(), null)));
      void this.retry(toRetry);
      await this.approvals.expire();
      return true;
    } catch (error) {
      this.logger.error({ event: 'recovery:error', err: error });
      return false;
    }
  }

  private async retry(turns: TurnRecord[]): Promise<void> {
    this.retrying.push(...turns.filter(({ id }) => !this.retrying.some((waiting) => waiting.id === id)));
    const worker = async () => {
      for (let turn = this.retrying.shift(); turn; turn = this.retrying.shift()) {
        // Its outcome is on record; whoever wants it asks with the same key.
        await this.chat
          .recover(turn)
          .catch((error: unknown) => this.logger.warn({ event: 'recovery:turn_failed', err: error }));
      }
    };
    await Promise.all(Array.from({ length: RETRIES_AT_ONCE }, worker));
  }
}
