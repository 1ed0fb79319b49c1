import type { BrowserTaskStatus } from './browser-task.types';

/** What may become of a task. What has ended stays as it is. */
const NEXT: Record<BrowserTaskStatus, readonly BrowserTaskStatus[]> = {
  pending: ['running', 'cancelled'],
  // Back to `pending`: it was cut off, and may be tried again.
  running: ['pending', 'done', 'error', 'timeout', 'cancelled', 'unknown_outcome'],
  done: [],
  error: [],
  timeout: [],
  cancelled: [],
  unknown_outcome: [],
};

export const isFinished = (status: BrowserTaskStatus): boolean => NEXT[status].length === 0;

/** The states from which a task may get into this one. */
export const statesBefore = (status: BrowserTaskStatus): BrowserTaskStatus[] =>
  (Object.keys(NEXT) as BrowserTaskStatus[]).filter((state) => NEXT[state].includes(status));
