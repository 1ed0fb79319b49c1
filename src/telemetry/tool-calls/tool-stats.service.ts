import { Inject, Injectable } from '@nestjs/common';
import { journal } from '../../common/logging/journal';
import type { TimeRange, ToolStatistics } from './tool-call.types';
import { ToolRunsRepository } from './tool-runs.repository';

export const TOOL_STATS = Symbol('TOOL_STATS');

/** Knows the figures of a tool, in the way that suits the database. */
export interface ToolStats {
  /** Null when it was not called in the range. */
  ofTool(toolName: string, range: TimeRange): Promise<ToolStatistics | null>;
}

const TOOLS_MAX = 500;
/** Tools looked at side by side: on PostgreSQL they share the work of several connections. */
const TOOLS_AT_ONCE = 3;

/** How tools are doing. */
@Injectable()
export class ToolStatsService {
  constructor(
    private readonly tools: ToolRunsRepository,
    @Inject(TOOL_STATS) private readonly stats: ToolStats,
  ) {}

  async measure(
    range: TimeRange,
    toolName: string | undefined,
  ): Promise<{ tools: ToolStatistics[]; isTruncated: boolean }> {
    journal('tool_stats_retrieved');
    const names = toolName === undefined ? await this.tools.names(TOOLS_MAX + 1) : [toolName];
    const shown = names.slice(0, TOOLS_MAX);
    const found = new Map<string, ToolStatistics | null>();
    const waiting = shown.values();
    const lane = async () => {
      for (const name of waiting) found.set(name, await this.stats.ofTool(name, range));
    };
    await Promise.all(Array.from({ length: TOOLS_AT_ONCE }, lane));
    return { tools: shown.flatMap((name) => found.get(name) ?? []), isTruncated: names.length > TOOLS_MAX };
  }
}
