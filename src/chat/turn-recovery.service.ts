import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CONFIG, type Config } from '../config/config';
import { TurnLostError } from './chat.errors';
import { ChatService } from './chat.service';
import { TurnLeases } from './turn-leases';
import { TurnQueue } from './turn-queue';
import { TurnRepository } from './turn.repository';
import { TurnService } from './turn.service';
import type { TurnRecord } from './turn.types';

const RETRIES_AT_ONCE = 8;

/**
 * Sees to it that no turn stays `running` without somebody who runs it: at start for what a crash left behind, later
 * for what other instances did, and at the end for what this one is still at.
 */
@Injectable()
export class TurnRecoveryService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(TurnRecoveryService.name);
  private timer: NodeJS.Timeout;
  private sweeping: Promise<void> | null = null;

  constructor(
    private readonly turns: TurnRepository,
    private readonly turnService: TurnService,
    private readonly chat: ChatService,
    private readonly leases: TurnLeases,
    private readonly queue: TurnQueue,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Nothing is listening yet: whoever comes finds every abandoned turn closed, or running again. */
  async onApplicationBootstrap(): Promise<void> {
    await this.sweep();
    this.timer = setInterval(() => void this.sweep(), this.config.turn.leaseMs);
    this.timer.unref();
  }

  /** No new turns; those that run may end by themselves for a while, then are told to. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    const idle = this.queue.close();
    const timer = setTimeout(() => this.leases.abortAll(), this.config.turn.drainTimeoutMs);
    await Promise.all([idle, this.sweeping]);
    clearTimeout(timer);
  }

  private sweep(): Promise<void> {
    this.sweeping ??= this.recoverAll().finally(() => (this.sweeping = null));
    return this.sweeping;
  }

  private async recoverAll(): Promise<void> {
    try {
      const abandoned = (await this.turns.listRunning()).filter((turn) => !this.leases.isHeld(turn));
      if (abandoned.length === 0) return;
      this.logger.warn({ event: `recovery:${this.config.turn.recovery}`, turns: abandoned.length });
      if (this.config.turn.recovery === 'retry') void this.retry(abandoned);
      else for (const turn of abandoned) await this.turnService.fail(turn, new TurnLostError(), null);
    } catch (error) {
      this.logger.error({ event: 'recovery:error', err: error });
    }
  }

  private async retry(abandoned: TurnRecord[]): Promise<void> {
    const waiting = [...abandoned];
    const worker = async () => {
      for (let turn = waiting.shift(); turn; turn = waiting.shift()) {
        // Its outcome is on record; whoever wants it asks with the same key.
        await this.chat
          .recover(turn)
          .catch((error: unknown) => this.logger.warn({ event: 'recovery:turn_failed', err: error }));
      }
    };
    await Promise.all(Array.from({ length: RETRIES_AT_ONCE }, worker));
  }
}
