import { AsyncResource } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config';
import { UnitOfWork } from '../../database/unit-of-work';
import { EventLogService } from '../../events/event-log.service';
import { SessionService } from '../../session/session.service';
import { BrowserMetrics } from './browser-metrics';
import { BrowserTaskRepository, type Lease } from './browser-task.repository';
import type { ClaimedTask } from './browser-task.types';
import { BrowserTaskRunner } from './browser-task.runner';
import { TaskWaiters } from './task-waiters';
import { type StopReason, interrupted } from './verdict';

const LEASE_MS = 15_000;
const TICK_MS = 5_000;

interface Running {
  task: ClaimedTask;
  stop: AbortController;
  ended: Promise<void>;
}

/**
 * Runs what waits, the oldest first, so many at a time. A lease says that a task is this process' own; a task whose
 * process is gone is given back, or closed if it may have changed something.
 */
@Injectable()
export class BrowserDispatcher
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  private readonly logger = new Logger('BrowserTasks');
  private readonly owner = randomUUID();
  private readonly running = new Map<number, Running>();
  private filling: Promise<void> | null = null;
  /** On behalf of no request: whose task is next has nothing to do with who has come last. */
  private readonly begin = AsyncResource.bind(() => {
    this.filling ??= this.fill().finally(() => (this.filling = null));
  });
  private isWanted = false;
  private isClosing = false;
  private timer: NodeJS.Timeout;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly tasks: BrowserTaskRepository,
    private readonly runner: BrowserTaskRunner,
    private readonly sessions: SessionService,
    private readonly events: EventLogService,
    private readonly waiters: TaskWaiters,
    private readonly metrics: BrowserMetrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  get isStopping(): boolean {
    return this.isClosing;
  }

  get runningCount(): number {
    return this.running.size;
  }

  onModuleInit(): void {
    this.metrics.runs(() => this.running.size);
    this.sessions.onErase(async (sessionId) => {
      const ids = await this.tasks.runningIn(sessionId);
      return async () => ids.forEach((id) => this.stop(id, 'lost'));
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.tick();
    this.timer = setInterval(() => void this.tick(), TICK_MS).unref();
  }

  /** What only reads is given back at once: another start does it over again. What writes may end by itself. */
  onModuleDestroy(): void {
    this.isClosing = true;
    clearInterval(this.timer);
    for (const { task, stop } of this.running.values()) if (task.effects === 'read') stop.abort('shutdown');
    setTimeout(() => this.stopAll('shutdown'), this.config.turn.drainTimeoutMs).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.filling;
    await Promise.all([...this.running.values()].map(({ ended }) => ended));
    this.waiters.releaseAll();
  }

  /** Something waits, or there is room for it. */
  wake(): void {
    this.isWanted = true;
    this.begin();
  }

  stop(id: number, reason: StopReason): void {
    this.running.get(id)?.stop.abort(reason);
  }

  private stopAll(reason: StopReason): void {
    for (const { stop } of this.running.values()) stop.abort(reason);
  }

  private async fill(): Promise<void> {
    try {
      while (this.isWanted && !this.isStopping) {
        this.isWanted = false;
        while (this.running.size < this.config.browser.concurrency && !this.isStopping) {
          const task = await this.claim();
          if (!task) break;
          this.start(task);
        }
      }
    } catch (error) {
      // The next tick tries again.
      this.logger.warn({ event: 'browser_task:not_claimed', err: error });
    }
  }

  private start(task: ClaimedTask): void {
    const stop = new AbortController();
    // Accepted at the last moment, as the service was told to stop.
    if (this.isStopping) stop.abort('shutdown');
    const ended = this.runner.run(task, stop.signal).finally(() => {
      this.running.delete(task.id);
      this.wake();
    });
    this.running.set(task.id, { task, stop, ended });
  }

  private claim(): Promise<ClaimedTask | undefined> {
    return this.unitOfWork.run(async () => {
      const at = new Date();
      for (let after = 0; ;) {
        const next = await this.tasks.next(after);
        if (!next) {
          this.metrics.waits(0);
          return undefined;
        }
        after = next.id;
        if (!(await this.sessions.lock(next.sessionId, at))) continue;
        const task = await this.tasks.claim(next.id, this.lease(), at);
        if (!task) continue;
        const data = { task_id: task.id, attempt: task.attempt };
        await this.events.append(task.sessionId, [{ type: 'browser_task.running', data }], at);
        this.metrics.waitsNoMore();
        return task;
      }
    });
  }

  private lease(): Lease {
    return { owner: this.owner, expiresAt: new Date(Date.now() + LEASE_MS) };
  }

  /** Keeps what is ours, looks for what is nobody's, and for what waits. */
  private async tick(): Promise<void> {
    try {
      await this.renew();
      await this.recover();
    } catch (error) {
      this.logger.warn({ event: 'browser_task:tick_failed', err: error });
    }
    this.wake();
  }

  private async renew(): Promise<void> {
    if (this.running.size === 0) return;
    const asked = [...this.running.keys()];
    const ours = new Set(await this.unitOfWork.run(() => this.tasks.renewLeases(this.lease())));
    // Cancelled by another instance, or taken for dead by one.
    for (const id of asked) if (!ours.has(id)) this.stop(id, 'lost');
  }

  private async recover(): Promise<void> {
    // Whoever else has a SQLite file open is gone: two cannot.
    const expiredBefore = this.unitOfWork.isExclusive ? null : new Date();
    for (const task of await this.tasks.abandoned(this.owner, expiredBefore)) {
      const verdict = interrupted(task, 'The service that ran it ended in the middle.');
      await this.runner.settle(task, verdict, null);
      this.logger.warn({ event: `browser_task:recovered:${task.id}`, status: verdict.status });
    }
  }
}
