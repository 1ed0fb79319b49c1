import { HttpStatus } from '@nestjs/common';
import { toCursor } from '../../../common/http/page';
import type { OperatorArtifact } from '../../artifacts/operator-artifact.entity';
import { ArtifactDto } from '../../artifacts/dto/artifact.dto';
import type { StepReport } from '../../engine/browser-engine.types';
import type { BrowserTaskStatus, Effects } from '../browser-task.types';
import { isFinished } from '../browser-task-states';
import type { TakenTask } from '../browser-task.service';
import type { TaskResult } from '../findings';
import type { OperatorBrowserTask } from '../operator-browser-task.entity';

export class AcceptedBrowserTaskDto {
  /** @example 3 */
  task_id: number;
  /**
   * As it is now: `pending`, unless the request was one that came before.
   * @example 'pending'
   */
  status: BrowserTaskStatus;
  /** @example 'https://example.com/' */
  url: string;
  /** @example 'support-4711' */
  session_id: string;

  static from({ id, status, url, sessionId }: OperatorBrowserTask): AcceptedBrowserTaskDto {
    return { task_id: id, status, url, session_id: sessionId };
  }
}

export class BrowserTaskErrorDto {
  /** @example 'navigation_failed' */
  error: string;
  /** @example 'The page could not be opened: unresolved.' */
  detail: string;
}

export class BrowserStepDto {
  /** @example 'goto' */
  action: string;
  /**
   * `interrupted`: the task ended while it was at work.
   * @example 'done'
   */
  status: 'running' | 'done' | 'error' | 'interrupted';
  /**
   * Milliseconds from the beginning of the attempt.
   * @example 4
   */
  started_ms: number;
  /**
   * Null while it is at work, and for the step that was cut off.
   * @example 212
   */
  duration_ms: number | null;
  error: string | null;
  /**
   * What came of it; the beginning of a long text; null where it is an artifact.
   * @example { "http_status": 200, "loaded": true }
   */
  value: unknown;

  static of(step: StepReport, isOver: boolean): BrowserStepDto {
    const { action, startedMs, durationMs, error, value } = step;
    const status = isOver && step.status === 'running' ? 'interrupted' : step.status;
    return { action, status, started_ms: startedMs, duration_ms: durationMs, error, value };
  }
}

export class RefusedHostDto {
  /** @example '10.0.0.1:443' */
  host: string;
  /** @example 'private' */
  reason: string;
  /** @example 2 */
  count: number;
}

export class BrowserEgressDto {
  /**
   * Connections asked for, refused ones too. Within one connection of https all requests count as one.
   * @example 12
   */
  requests: number;
  /**
   * Both ways.
   * @example 48213
   */
  bytes: number;
  /**
   * What the guard refused, by why.
   * @example { "private": 2 }
   */
  refused: Record<string, number>;
  /** The first hundred of them, by host. */
  refused_hosts: RefusedHostDto[];
}

export class BrowserTaskResultDto {
  /**
   * Who visited it: `playwright`, or `stub`, which opens nothing.
   * @example 'playwright'
   */
  engine: string;
  /** @example 200 */
  http_status: number | null;
  /** Whether the page said that it had loaded; if not, what is shown is how far it had come. */
  loaded: boolean | null;
  steps: BrowserStepDto[];
  /** Dialogs it opened, each dismissed at once. */
  dialogs: number;
  /** Windows it opened, each closed at once. */
  popups: number;
  /** Files it wanted to download, each refused. */
  downloads: number;
  egress: BrowserEgressDto | null;

  static of(result: TaskResult, isOver: boolean): BrowserTaskResultDto {
    const { engine, httpStatus, isLoaded, steps, dialogs, popups, downloads, egress } = result;
    return {
      engine,
      http_status: httpStatus,
      loaded: isLoaded,
      steps: steps.map((step) => BrowserStepDto.of(step, isOver)),
      dialogs,
      popups,
      downloads,
      egress: egress && {
        requests: egress.requests,
        bytes: egress.bytes,
        refused: egress.refused,
        refused_hosts: egress.refusedHosts,
      },
    };
  }
}

/** A task without what it found. */
export class BrowserTaskSummaryDto {
  /** @example 3 */
  task_id: number;
  /** @example 'done' */
  status: BrowserTaskStatus;
  /** @example 'https://example.com/' */
  url: string;
  /** @example 'support-4711' */
  session_id: string;
  /**
   * What asked for it; null when nothing but a client did.
   * @example 7
   */
  tool_call_id: number | null;
  /** @example 'read' */
  effects: Effects;
  /**
   * How often it was begun.
   * @example 1
   */
  attempt: number;
  /** @example 'Example Domain' */
  title: string | null;
  /**
   * Null when there is no picture, or its time is over.
   * @example '/operator/browser/task/3/snapshot'
   */
  snapshot_url: string | null;
  /** Why it did not end well, or was begun again; null otherwise. */
  error: BrowserTaskErrorDto | null;
  /** @example '2026-11-25T09:30:00.000Z' */
  created_at: string;
  /**
   * When its last attempt began; null while it waits.
   * @example '2026-11-25T09:30:00.012Z'
   */
  executed_at: string | null;
  /**
   * Null until it has ended.
   * @example '2026-11-25T09:30:00.412Z'
   */
  finished_at: string | null;

  static from(task: OperatorBrowserTask): BrowserTaskSummaryDto {
    return {
      task_id: task.id,
      status: task.status,
      url: task.url,
      session_id: task.sessionId,
      tool_call_id: task.toolCallId,
      effects: task.effects,
      attempt: task.attempt,
      title: task.title,
      // The original wrote paths of its own there, of which nothing is kept here.
      snapshot_url: task.snapshotPath?.startsWith('artifacts/') ? `/operator/browser/task/${task.id}/snapshot` : null,
      // The original knew a text only.
      error: task.error === null ? null : { error: task.errorCode ?? 'unknown', detail: task.error },
      created_at: task.createdAt.toISOString(),
      executed_at: task.executedAt?.toISOString() ?? null,
      finished_at: task.finishedAt?.toISOString() ?? null,
    };
  }
}

export class BrowserTaskResponseDto extends BrowserTaskSummaryDto {
  /**
   * Where it was in the end, after redirects.
   * @example 'https://example.com/'
   */
  final_url: string | null;
  /**
   * The beginning of the page’s text; if there is more, the whole of it is an artifact.
   * @example 'Example Domain\nThis domain is for use in examples.'
   */
  text: string | null;
  /** What else was found, also by a task that failed; null before, and of tasks that the original ran: what it wrote. */
  result: BrowserTaskResultDto | null;
  /** What it has kept, the oldest first, of the first 100. */
  artifacts: ArtifactDto[];

  static of(task: OperatorBrowserTask, artifacts: OperatorArtifact[]): BrowserTaskResponseDto {
    const isOurs = task.request !== null && task.result !== null;
    return {
      ...BrowserTaskSummaryDto.from(task),
      final_url: task.finalUrl,
      text: task.text,
      result: isOurs
        ? BrowserTaskResultDto.of(task.result as TaskResult, isFinished(task.status))
        : (task.result as null),
      artifacts: artifacts.map(ArtifactDto.from),
    };
  }
}

export class BrowserTaskListResponseDto {
  items: BrowserTaskSummaryDto[];
  /** Hands out the next page; null after the last. */
  next_cursor: string | null;

  static from(page: { items: OperatorBrowserTask[]; nextCursor: number | null }): BrowserTaskListResponseDto {
    return { items: page.items.map(BrowserTaskSummaryDto.from), next_cursor: toCursor(page.nextCursor) };
  }
}

/** What a client is told of a task it has brought: that it was taken or, if it has waited for that, how it ended. */
export function answerTo(
  { task, artifacts, isReplay }: TakenTask,
  waitS: number | null,
): { status: HttpStatus; headers: Record<string, string>; body: AcceptedBrowserTaskDto } {
  const headers = {
    Location: `/operator/browser/task/${task.id}`,
    ...(isReplay && { 'Idempotency-Replayed': 'true' }),
    ...(waitS !== null && { 'Preference-Applied': `wait=${waitS}` }),
  };
  return artifacts
    ? { status: HttpStatus.OK, headers, body: BrowserTaskResponseDto.of(task, artifacts) }
    : { status: HttpStatus.ACCEPTED, headers, body: AcceptedBrowserTaskDto.from(task) };
}
