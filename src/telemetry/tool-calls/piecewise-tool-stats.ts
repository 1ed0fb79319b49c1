import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { nearestRank, Tally } from './nearest-rank';
import type { TimeRange, ToolStatistics } from './tool-call.types';
import { type Mark, type Run, ToolRunsRepository, runs, start } from './tool-runs.repository';
import type { ToolStats } from './tool-stats.service';

/** Index entries stepped over in one statement: nobody else is served meanwhile. */
const STEPS = 2_500;
/** Calls grouped by duration in one statement: of more of them, more are alike. */
const GROUPED = 10_000;
const SHARES = [0.5, 0.95, 0.99];

interface Counted {
  calls: number;
  durations: (number | null)[];
}

/**
 * Figures from SQLite, which runs on the event loop: it counts and ranks along the indexes, a piece at a time, so that
 * a million calls hold nobody up.
 */
@Injectable()
export class PiecewiseToolStats implements ToolStats {
  constructor(private readonly runs: ToolRunsRepository) {}

  /** Null when it was not called in the range. */
  async ofTool(toolName: string, { from, to }: TimeRange): Promise<ToolStatistics | null> {
    const period = await this.runs.period(toolName);
    if (!period || (from && from > period.last) || (to && to <= period.first)) return null;
    const begin = start.ofTime(from);
    const [failed, pending] = [runs.withStatus(toolName, 'error', to), runs.withStatus(toolName, 'pending', to)];

    // Before the calls, so that none that comes meanwhile is an error and no call.
    const { count: errors } = await this.count(failed, begin);
    const { count: open } = await this.count(pending, begin);
    const lastError = errors > 0 ? await this.runs.newest(failed) : null;

    const isWhole = (!from || from <= period.first) && (!to || to > period.last);
    const { calls, durations } = isWhole ? await this.ranked(toolName) : await this.tallied(toolName, begin, to);
    if (calls === 0) return null;
    const [p50, p95, p99] = durations as [number | null, number | null, number | null];
    const last = isWhole ? period.last : (await this.runs.newest(runs.inTime(toolName, to)))!.createdAt;
    return {
      toolName,
      calls,
      pending: open,
      errors,
      durationMs: { p50, p95, p99 },
      lastCalledAt: last,
      lastError: lastError && { id: lastError.id, error: lastError.error, at: lastError.endedAt },
    };
  }

  /** Of all calls of a tool: an index has their durations in order. */
  private async ranked(toolName: string): Promise<Counted> {
    const byDuration = runs.byDuration(toolName);
    const { count, marks } = await this.count(byDuration, start.ofDurations);
    const { count: without } = await this.count(runs.withoutDuration(toolName), start.ofIds);
    const durations: (number | null)[] = [];
    for (const share of SHARES)
      durations.push(count > 0 ? await this.at(byDuration, marks, nearestRank(share, count)) : null);
    return { calls: count + without, durations };
  }

  /** Of the calls in a part of the time: an index leads through it, whose entries know durations. */
  private async tallied(toolName: string, begin: Mark, to: Date | undefined): Promise<Counted> {
    const run = runs.inTime(toolName, to);
    const tally = new Tally();
    let calls = 0;
    for (let mark: Mark | undefined = begin; mark;) {
      for (const { duration, calls: times } of await this.runs.durationsAfter(run, mark, GROUPED)) {
        calls += times;
        if (duration !== null) tally.add(duration, times);
      }
      await setImmediate();
      mark = await this.runs.markAfter(run, mark, GROUPED);
    }
    return { calls, durations: tally.percentiles(SHARES) };
  }

  /** How many entries a run has, and a mark at every so many of them. */
  private async count(run: Run, begin: Mark): Promise<{ count: number; marks: Mark[] }> {
    const marks = [begin];
    for (;;) {
      const next = await this.runs.markAfter(run, marks.at(-1)!, STEPS);
      await setImmediate();
      if (!next) break;
      marks.push(next);
    }
    const rest = await this.runs.countAfter(run, marks.at(-1)!);
    return { count: (marks.length - 1) * STEPS + rest, marks };
  }

  /** The duration at a place of a run; null when calls have been erased since it was counted. */
  private async at(run: Run, marks: Mark[], place: number): Promise<number | null> {
    const passed = Math.floor((place - 1) / STEPS);
    const mark = await this.runs.markAfter(run, marks[passed]!, place - passed * STEPS);
    await setImmediate();
    return mark ? (mark[0] as number) : null;
  }
}
