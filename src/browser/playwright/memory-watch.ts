import { processTree } from './process-tree';

/** Its worker's own share. What a page floods it with stands outside of its heap. */
const WORKER_MAX_BYTES = 400 * 2 ** 20;
/** A page that is ended gives its memory back at once, or it was not the page. */
const PAGES_ENDED_MAX = 3;
/** So long after it, a page that has crashed is the one that was ended. */
const NOTICED_WITHIN_MS = 1_000;

export type MemoryVerdict =
  | { do: 'nothing' }
  | { do: 'end page'; pid: number }
  | { do: 'end browser'; reason: string }
  /** It never gives much of that back. */
  | { do: 'replace' };

/** Looks how much memory a browser takes, with its worker and all below it. */
export class MemoryWatch {
  /** Null where it cannot be measured, or has not been yet. */
  bytes: number | null = null;
  private pagesEnded = 0;
  private endedAt = -Infinity;

  constructor(
    private readonly workerPid: number,
    private readonly maxBytes: number,
  ) {}

  /** Whether a page that has just crashed was ended for its memory. */
  get hasJustEndedAPage(): boolean {
    return performance.now() < this.endedAt + NOTICED_WITHIN_MS;
  }

  async look(isIdle: boolean): Promise<MemoryVerdict> {
    const tree = await processTree(this.workerPid);
    this.bytes = tree?.bytes ?? null;
    if (!tree) return { do: 'nothing' };

    const worker = tree.processes.find(({ pid }) => pid === this.workerPid);
    if (worker && worker.bytes > WORKER_MAX_BYTES) return { do: 'end browser', reason: 'a page floods its worker' };
    if (tree.bytes > this.maxBytes) return this.tooLarge(tree.processes);
    this.pagesEnded = 0;
    return { do: isIdle && tree.bytes > this.maxBytes / 2 ? 'replace' : 'nothing' };
  }

  private tooLarge(processes: { pid: number; bytes: number; isRenderer: boolean }[]): MemoryVerdict {
    const largest = processes.toSorted((a, b) => b.bytes - a.bytes)[0]!;
    if (!largest.isRenderer || ++this.pagesEnded > PAGES_ENDED_MAX) {
      return { do: 'end browser', reason: 'it takes too much memory' };
    }
    this.endedAt = performance.now();
    return { do: 'end page', pid: largest.pid };
  }
}
