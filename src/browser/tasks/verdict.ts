import { VisitError, isCrash } from '../engine/browser-engine.types';
import type { BrowserTaskStatus, Effects } from './browser-task.types';

/** Why a task that runs is told to stop. */
export type StopReason = 'cancelled' | 'shutdown' | 'lost';

export interface Verdict {
  status: Exclude<BrowserTaskStatus, 'running'>;
  error: { code: string; detail: string } | null;
}

/** A task that only reads is begun so often at most; one that writes, once. */
export const ATTEMPTS_MAX = 2;

interface Attempt {
  effects: Effects;
  attempt: number;
}

/** What becomes of a task whose visit has ended, well if there is no `failure`. */
export function verdictOn(task: Attempt, failure: unknown, stopped: StopReason | null, isLate: boolean): Verdict {
  if (failure === null) return { status: 'done', error: null };
  if (stopped === 'cancelled') return { status: 'cancelled', error: null };
  if (stopped) return interrupted(task, 'The service that ran it was stopped.');
  if (!(failure instanceof VisitError)) {
    return ended('error', 'internal_error', 'Something went wrong on our side. The log says what.');
  }
  // A page that does not end with its time is ended with its browser.
  const endedByTime = isLate && (failure.code === 'step_failed' || isCrash(failure));
  if (failure.code === 'deadline_exceeded' || endedByTime) {
    return ended('timeout', 'deadline_exceeded', 'The time for it was over.');
  }
  if (isCrash(failure)) return interrupted(task, failure.message, failure.code);
  return ended('error', failure.code, failure.message);
}

/** What becomes of a task whose attempt was cut off, and nobody knows how far it had come. */
export function interrupted({ effects, attempt }: Attempt, detail: string, code = 'interrupted'): Verdict {
  if (effects === 'write') return ended('unknown_outcome', code, `${detail} What it had changed by then is not known.`);
  return attempt < ATTEMPTS_MAX ? ended('pending', code, detail) : ended('error', code, detail);
}

const ended = (status: Verdict['status'], code: string, detail: string): Verdict => ({
  status,
  error: { code, detail },
});
