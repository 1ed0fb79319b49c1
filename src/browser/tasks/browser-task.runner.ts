import { Injectable, Logger } from '@nestjs/common';
import { UnitOfWork } from '../../database/unit-of-work';
import { EventLogService } from '../../events/event-log.service';
import { SessionService } from '../../session/session.service';
import { storable } from '../../upstream/foreign-text';
import { ArtifactService } from '../artifacts/artifact.service';
import {
  BrowserEngine,
  type Catch,
  type Visit,
  VisitError,
  type VisitReport,
  type Witness,
  emptyReport,
} from '../engine/browser-engine.types';
import { BrowserMetrics } from './browser-metrics';
import { BrowserTaskRepository } from './browser-task.repository';
import type { ClaimedTask } from './browser-task.types';
import { isFinished } from './browser-task-states';
import { excerpt } from '../../common/excerpt';
import { findingsOf } from './findings';
import { TaskWaiters } from './task-waiters';
import { type StopReason, type Verdict, verdictOn } from './verdict';

/** The whole text of a page, of which the answer shows the beginning. */
const WHOLE_TEXT_MAX = 2_097_152;

/** Takes a task that is ours from its visit to its end on record. */
@Injectable()
export class BrowserTaskRunner {
  private readonly logger = new Logger('BrowserTasks');

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly tasks: BrowserTaskRepository,
    private readonly sessions: SessionService,
    private readonly events: EventLogService,
    private readonly engine: BrowserEngine,
    private readonly artifacts: ArtifactService,
    private readonly waiters: TaskWaiters,
    private readonly metrics: BrowserMetrics,
  ) {}

  /** Never rejects. A task whose end cannot be stored stays `running`, until its lease is over. */
  async run(task: ClaimedTask, stop: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    const report = emptyReport();
    const visit = toVisit(task);
    try {
      const failure = await this.failureOf(task, visit, report, stop);
      const isLate = Date.now() >= visit.deadline;
      const verdict = verdictOn(task, failure, stop.aborted ? (stop.reason as StopReason) : null, isLate);
      await this.settle(task, verdict, report, performance.now() - startedAt);
    } catch (error) {
      this.logger.error({ event: `browser_task:not_closed:${task.id}`, err: error });
    }
  }

  /** Stores what has become of an attempt, unless somebody else has decided that already. */
  async settle(
    task: Pick<ClaimedTask, 'id' | 'sessionId' | 'attempt'>,
    verdict: Verdict,
    report: VisitReport | null,
    tookMs: number | null = null,
  ): Promise<void> {
    const { id, sessionId, attempt } = task;
    const { status, error } = verdict;
    const findings = report && findingsOf(report, this.engine.name);
    const at = new Date();
    const isSettled = await this.unitOfWork.run(async () => {
      if (!(await this.sessions.lock(sessionId, at))) return false;
      if (!(await this.tasks.settle(task, verdict, findings, at))) {
        // Cancelled meanwhile: what was found until then is still worth keeping.
        if (findings) await this.tasks.note(task, findings);
        return false;
      }
      const data = { task_id: id, attempt, ...(error && { error: error.code }) };
      await this.events.append(sessionId, [{ type: `browser_task.${status}`, data }], at);
      return true;
    });
    if (!isSettled) return;
    this.logger.log({ event: `browser_task:${status}:${id}`, session_id: sessionId, attempt, error: error?.code });
    if (!isFinished(status)) return;
    this.metrics.ended(status, tookMs);
    this.waiters.ended(id);
  }

  private async failureOf(task: ClaimedTask, visit: Visit, report: VisitReport, stop: AbortSignal): Promise<unknown> {
    try {
      await this.engine.visit(visit, report, this.witness(task), stop);
      return null;
    } catch (error) {
      if (!(error instanceof VisitError)) this.logger.error({ event: `browser_task:failed:${task.id}`, err: error });
      return error;
    } finally {
      if (report.egress) this.metrics.left(report.egress);
      await this.keepWholeText(task, report);
    }
  }

  private witness(task: ClaimedTask): Witness {
    return {
      stepStarts: (report) => this.unitOfWork.run(() => this.tasks.note(task, findingsOf(report, this.engine.name))),
      caught: (step, caught) => this.keep(task, step, caught),
    };
  }

  private async keepWholeText(task: ClaimedTask, report: VisitReport): Promise<void> {
    const { text } = report;
    if (text === null) return;
    report.text = excerpt(storable(text), task.request.limits.textBytes);
    if (report.text.length === text.length) return;
    const bytes = Buffer.from(storable(text));
    const caught: Catch = { kind: 'text', contentType: 'text/plain; charset=utf-8', bytes };
    await this.keep(task, null, caught).catch((error: Error) => {
      this.logger.warn({ event: `browser_task:text_not_kept:${task.id}`, reason: error.message });
    });
  }

  private async keep({ id, attempt }: ClaimedTask, step: number | null, caught: Catch): Promise<void> {
    await this.artifacts.keep({ taskId: id, attempt, step }, caught);
  }
}

function toVisit({ id, url, effects, request }: ClaimedTask): Visit {
  const { actions, capture, limits } = request;
  // Whoever begins with `goto` says himself how the first page is opened.
  const steps = actions[0]?.action === 'goto' ? actions : [{ action: 'goto' as const, url }, ...actions];
  return {
    taskId: id,
    steps,
    capture,
    textMaxBytes: WHOLE_TEXT_MAX,
    deadline: Date.now() + limits.maxMs,
    egress: { requests: limits.maxRequests, bytes: limits.maxBytes },
    tellsSteps: effects === 'write',
  };
}
