import type { ToolStatistics } from '../tool-call.types';

export class ToolDurationsDto {
  /** @example 41 */
  p50: number | null;
  /** @example 380 */
  p95: number | null;
  /** @example 1204 */
  p99: number | null;
}

export class LastToolErrorDto {
  /** @example 7 */
  id: number;
  /** @example 'net::ERR_NAME_NOT_RESOLVED' */
  error: string | null;
  /** @example '2026-11-23T09:30:00.000Z' */
  at: string;
}

export class ToolStatsDto {
  /** @example 'browser' */
  tool_name: string;
  /** @example 120 */
  calls: number;
  /** @example 1 */
  pending: number;
  /** @example 6 */
  errors: number;
  /**
   * Errors among the calls that have ended; null when none has.
   * @example 0.05
   */
  error_rate: number | null;
  /** Nearest-rank percentiles of the calls that say how long they took, exact; null when none does. */
  duration_ms: ToolDurationsDto;
  /** @example '2026-11-23T09:31:12.000Z' */
  last_called_at: string;
  /** The newest call that failed. */
  last_error: LastToolErrorDto | null;

  static from({ toolName, calls, pending, errors, durationMs, lastCalledAt, lastError }: ToolStatistics): ToolStatsDto {
    const ended = calls - pending;
    return {
      tool_name: toolName,
      calls,
      pending,
      errors,
      error_rate: ended > 0 ? errors / ended : null,
      duration_ms: durationMs,
      last_called_at: lastCalledAt.toISOString(),
      last_error: lastError && { id: lastError.id, error: lastError.error, at: lastError.at.toISOString() },
    };
  }
}

export class ToolStatsResponseDto {
  /**
   * As asked for; null from the first call on.
   * @example null
   */
  from: string | null;
  /**
   * As asked for; null up to the last call.
   * @example null
   */
  to: string | null;
  /** By name. */
  tools: ToolStatsDto[];
  /**
   * Whether there are more tools than are shown. Ask for the others with `tool_name`.
   * @example false
   */
  truncated: boolean;

  static from(
    { from, to }: { from?: Date; to?: Date },
    { tools, isTruncated }: { tools: ToolStatistics[]; isTruncated: boolean },
  ): ToolStatsResponseDto {
    return {
      from: from?.toISOString() ?? null,
      to: to?.toISOString() ?? null,
      tools: tools.map(ToolStatsDto.from),
      truncated: isTruncated,
    };
  }
}
