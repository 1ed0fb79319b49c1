import type { BrowserStatus } from '../../engine/browser-engine.types';
import type { BrowserOverview } from '../browser-status.service';
import { BROWSER_TASK_STATUSES } from '../browser-task.types';

const mb = (bytes: number): number => Math.round((bytes / 2 ** 20) * 10) / 10;

export class BrowserProcessDto {
  /**
   * Of its process group; null while it starts.
   * @example 4711
   */
  pid: number | null;
  /** @example '156.0.8078.108' */
  version: string | null;
  /** @example '2026-11-25T09:00:00.000Z' */
  started_at: string;
  /**
   * Tasks in it now.
   * @example 2
   */
  running: number;
  /** @example 41 */
  tasks_done: number;
  /**
   * Of the whole process tree; null where that cannot be measured, or has not been yet.
   * @example 312.4
   */
  memory_mb: number | null;
  /** Whether it takes no more tasks, and ends with those it has. */
  retiring: boolean;

  static from(browser: BrowserStatus): BrowserProcessDto {
    return {
      pid: browser.pid,
      version: browser.version,
      started_at: browser.startedAt.toISOString(),
      running: browser.running,
      tasks_done: browser.tasksDone,
      memory_mb: browser.memoryBytes === null ? null : mb(browser.memoryBytes),
      retiring: browser.isRetiring,
    };
  }
}

export class BrowserEndedDto {
  /** @example 38 */
  done: number;
  /** @example 2 */
  error: number;
  /** @example 1 */
  timeout: number;
  /** @example 0 */
  cancelled: number;
  /** @example 0 */
  unknown_outcome: number;
}

export class BrowserStatusLimitsDto {
  /**
   * Tasks at once.
   * @example 2
   */
  concurrency: number;
  /**
   * Tasks that may wait.
   * @example 500
   */
  queue: number;
  /**
   * Of a task that does not say.
   * @example 30000
   */
  max_ms: number;
  /** @example 1000 */
  max_requests: number;
  /** @example 52428800 */
  max_bytes: number;
  /** @example 40960 */
  text_bytes: number;
  /**
   * Of one browser.
   * @example 2048
   */
  memory_mb: number;
  /**
   * Tasks after which a browser is replaced.
   * @example 200
   */
  recycle_tasks: number;
  /** @example 1024 */
  artifacts_mb: number;
}

export class BrowserStatusResponseDto {
  /**
   * `playwright`, or `stub`, which opens nothing.
   * @example 'playwright'
   */
  engine: string;
  /** Whether tasks can be run. */
  available: boolean;
  /** Why not, with what helps; null when they can. */
  reason: string | null;
  /** @example 2 */
  running: number;
  /** @example 5 */
  queued: number;
  /**
   * Not taken since the start: too many waited.
   * @example 0
   */
  rejected: number;
  /** Since the start, by how. */
  ended: BrowserEndedDto;
  /**
   * Browsers replaced since the start.
   * @example 0
   */
  recycled: number;
  /**
   * Browsers that ended unasked since the start.
   * @example 0
   */
  crashed: number;
  browsers: BrowserProcessDto[];
  /**
   * Room that artifacts take.
   * @example 12.3
   */
  artifacts_mb: number;
  limits: BrowserStatusLimitsDto;

  static from(overview: BrowserOverview): BrowserStatusResponseDto {
    const { limits } = overview;
    const ended = BROWSER_TASK_STATUSES.filter((status) => status !== 'pending' && status !== 'running');
    return {
      engine: overview.engine,
      available: overview.unavailable === null,
      reason: overview.unavailable,
      running: overview.running,
      queued: overview.queued,
      rejected: overview.rejected,
      ended: Object.fromEntries(
        ended.map((status) => [status, overview.ended[status] ?? 0]),
      ) as unknown as BrowserEndedDto,
      recycled: overview.recycled,
      crashed: overview.crashed,
      browsers: overview.browsers.map(BrowserProcessDto.from),
      artifacts_mb: mb(overview.artifactBytes),
      limits: {
        concurrency: limits.concurrency,
        queue: limits.queue,
        max_ms: limits.maxMs,
        max_requests: limits.maxRequests,
        max_bytes: limits.maxBytes,
        text_bytes: limits.textBytes,
        memory_mb: mb(limits.memoryBytes),
        recycle_tasks: limits.recycleTasks,
        artifacts_mb: mb(limits.artifactBytes),
      },
    };
  }
}
