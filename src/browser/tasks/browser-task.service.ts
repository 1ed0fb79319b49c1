import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ShuttingDownError, ValidationFailedError } from '../../common/errors/http.errors';
import { type Idempotency, answersFor } from '../../common/http/idempotency';
import { journal } from '../../common/logging/journal';
import { CONFIG, type Config } from '../../config/config';
import { isUniqueViolation } from '../../database/database.errors';
import { UnitOfWork } from '../../database/unit-of-work';
import { EventLogService } from '../../events/event-log.service';
import { SessionService } from '../../session/session.service';
import {
  BrowserQueueFullError,
  BrowserTaskFinishedError,
  BrowserTaskNotFoundError,
  BrowserUnavailableError,
  ScriptNotAllowedError,
  TaskToolCallNotFoundError,
} from '../browser.errors';
import { ArtifactService } from '../artifacts/artifact.service';
import type { OperatorArtifact } from '../artifacts/operator-artifact.entity';
import { EgressService } from '../egress/egress.service';
import { BrowserEngine } from '../engine/browser-engine.types';
import { BrowserDispatcher } from './browser-dispatcher';
import { BrowserMetrics } from './browser-metrics';
import { BrowserTaskRepository } from './browser-task.repository';
import type { BrowserTaskCommand } from './browser-task.types';
import { isFinished } from './browser-task-states';
import type { OperatorBrowserTask } from './operator-browser-task.entity';
import { TaskWaiters } from './task-waiters';

/** How soon a place in the queue may be free again. */
const RETRY_AFTER_S = 5;

export interface TakenTask {
  task: OperatorBrowserTask;
  /** Null when nobody waited for its end, or not long enough. */
  artifacts: OperatorArtifact[] | null;
  /** Taken before, from a request with the same key. */
  isReplay: boolean;
}

/** Takes tasks, and takes them back. What it has taken is stored. */
@Injectable()
export class BrowserTaskService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly tasks: BrowserTaskRepository,
    private readonly sessions: SessionService,
    private readonly events: EventLogService,
    private readonly egress: EgressService,
    private readonly engine: BrowserEngine,
    private readonly artifacts: ArtifactService,
    private readonly dispatcher: BrowserDispatcher,
    private readonly waiters: TaskWaiters,
    private readonly metrics: BrowserMetrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Takes a task and, with `waitS`, waits for its end as long as that, and as long as somebody waits. */
  async take(command: BrowserTaskCommand, waitS: number | null, signal: AbortSignal): Promise<TakenTask> {
    const taken = await this.create(command);
    if (waitS === null) return { ...taken, artifacts: null };
    const { id } = taken.task;
    await this.waiters.wait(id, waitS * 1_000, signal, async () => isFinished((await this.get(id)).status));
    const task = await this.get(id);
    return { ...taken, task, artifacts: isFinished(task.status) ? await this.artifacts.listOf(id) : null };
  }

  /** The state first, then whoever is at it. Cancelling twice is cancelling once. */
  async cancel(id: number): Promise<OperatorBrowserTask> {
    const { sessionId } = await this.get(id);
    const at = new Date();
    const isCancelled = await this.unitOfWork.run(async () => {
      if (!(await this.sessions.lock(sessionId, at))) throw new BrowserTaskNotFoundError();
      const cancelled = await this.tasks.cancel(id, at);
      if (!cancelled) return false;
      const data = { task_id: id, attempt: cancelled.attempt };
      await this.events.append(sessionId, [{ type: 'browser_task.cancelled', data }], at);
      return true;
    });
    const task = await this.get(id);
    if (!isCancelled && task.status !== 'cancelled') throw new BrowserTaskFinishedError(id, task.status);
    if (isCancelled) {
      journal(`browser_task:cancelled:${id}`, { session_id: sessionId });
      this.dispatcher.stop(id, 'cancelled');
      this.waiters.ended(id);
      this.metrics.ended('cancelled', null);
    }
    return task;
  }

  /** The task, or the one that a request with the same key began before, as it is now. */
  private async create(command: BrowserTaskCommand): Promise<{ task: OperatorBrowserTask; isReplay: boolean }> {
    const { idempotency } = command;
    const known = idempotency && (await this.known(idempotency));
    if (known) return this.replayed(known);
    const { id, isNew } = await this.store(this.admitted(command));
    const task = await this.get(id);
    if (!isNew) return this.replayed(task);
    journal(`browser_task:created:${id}`, { session_id: task.sessionId }, { host: new URL(task.url).host });
    this.dispatcher.wake();
    return { task, isReplay: false };
  }

  private async get(id: number): Promise<OperatorBrowserTask> {
    const task = await this.tasks.find(id);
    if (!task) throw new BrowserTaskNotFoundError();
    return task;
  }

  private async known(idempotency: Idempotency): Promise<OperatorBrowserTask | null> {
    const task = await this.tasks.findByKey(idempotency);
    return task && answersFor(task, idempotency) ? task : null;
  }

  private replayed(task: OperatorBrowserTask): { task: OperatorBrowserTask; isReplay: true } {
    journal(`browser_task:replayed:${task.id}`, { session_id: task.sessionId });
    return { task, isReplay: true };
  }

  /** Refused before anything is stored. URLs are stored in the spelling that was judged. */
  private admitted(command: BrowserTaskCommand): BrowserTaskCommand {
    if (this.dispatcher.isStopping) throw new ShuttingDownError();
    const { request } = command;
    const url = this.egress.admit(command.url);
    const actions = request.actions.map((action) =>
      action.action === 'goto' ? { ...action, url: this.egress.admit(action.url) } : action,
    );
    if (!this.config.browser.allowScript && actions.some(({ action }) => action === 'evaluate')) {
      throw new ScriptNotAllowedError();
    }
    const why = this.engine.unavailable();
    if (why !== null) throw new BrowserUnavailableError(why);
    return { ...command, url, request: { ...request, actions } };
  }

  private async store(command: BrowserTaskCommand): Promise<{ id: number; isNew: boolean }> {
    try {
      return await this.storeOnce(command);
    } catch (error) {
      // Another request with this key was stored at the same moment: now it is known.
      if (isUniqueViolation(error)) return this.storeOnce(command);
      throw error;
    }
  }

  private storeOnce(command: BrowserTaskCommand): Promise<{ id: number; isNew: boolean }> {
    const { idempotency, toolCallId } = command;
    const at = new Date();
    return this.unitOfWork.run(async () => {
      const known = idempotency && (await this.tasks.findByKey(idempotency));
      if (known && answersFor(known, idempotency)) return { id: known.id, isNew: false };
      if (known) await this.tasks.releaseKey(idempotency.key);

      const { queue } = this.config.browser;
      const waiting = await this.tasks.waiting(queue);
      if (waiting >= queue) {
        this.metrics.rejected();
        throw new BrowserQueueFullError(RETRY_AFTER_S);
      }
      const sessionId = await this.sessionFor(command);
      const isNewSession = await this.sessions.open(sessionId, 'local', at);
      const id = await this.tasks.insert(command, sessionId, at);
      await this.events.append(
        sessionId,
        [
          ...(isNewSession ? [{ type: 'session.created' as const, data: { user_id: 'local' } }] : []),
          { type: 'browser_task.pending', data: { task_id: id, attempt: 0, tool_call_id: toolCallId } },
        ],
        at,
      );
      this.metrics.waits(waiting + 1);
      return { id, isNew: true };
    });
  }

  private async sessionFor({ sessionId, toolCallId }: BrowserTaskCommand): Promise<string> {
    if (toolCallId === null) return sessionId ?? randomUUID();
    const ofCall = await this.tasks.sessionOfToolCall(toolCallId);
    if (ofCall === undefined) throw new TaskToolCallNotFoundError();
    if (sessionId === null || sessionId === ofCall) return ofCall;
    throw new ValidationFailedError([{ field: 'tool_call_id', message: 'tool_call_id must be of this session' }]);
  }
}
