import type { EgressReport } from '../egress/egress-account';

/** Declarative steps. `selector` is Playwright's own syntax. */
export type Action = { timeoutMs?: number } & (
  | { action: 'goto'; url: string }
  | { action: 'wait_for'; selector: string; state?: 'attached' | 'detached' | 'visible' | 'hidden' }
  | { action: 'click'; selector: string }
  | { action: 'fill'; selector: string; value: string }
  | { action: 'press'; selector?: string; key: string }
  | { action: 'select'; selector: string; value: string }
  | { action: 'scroll'; selector?: string; y?: number }
  | { action: 'extract_text'; selector?: string }
  | { action: 'extract_markdown'; selector?: string }
  | { action: 'extract_links'; selector?: string }
  | { action: 'screenshot'; selector?: string; fullPage?: boolean }
  | { action: 'pdf' }
  | { action: 'evaluate'; script: string }
);

/** What is taken when all steps are done. */
export interface Capture {
  text: boolean;
  screenshot: boolean;
  fullPage: boolean;
}

/** What a browser is to do. The first step opens the page. */
export interface Visit {
  taskId: number;
  steps: Action[];
  capture: Capture;
  /** Whole texts are kept up to this; what the answer shows of them is the caller's business. */
  textMaxBytes: number;
  /** When it is over, in milliseconds since 1970. */
  deadline: number;
  egress: { requests: number; bytes: number };
  /** Whether the witness is to hear of each step before it begins. */
  tellsSteps: boolean;
}

/** Bytes that a visit has brought along. */
export interface Catch {
  kind: 'snapshot' | 'screenshot' | 'pdf' | 'text' | 'markdown' | 'links' | 'value';
  contentType: string;
  bytes: Uint8Array;
}

export type StepStatus = 'running' | 'done' | 'error';

export interface StepReport {
  action: Action['action'];
  status: StepStatus;
  /** Milliseconds from the beginning of the attempt. */
  startedMs: number;
  durationMs: number | null;
  error: string | null;
  /** What came of it, if that is little. */
  value: unknown;
}

/** What a visit has found so far; it is complete when the visit is. */
export interface VisitReport {
  title: string | null;
  finalUrl: string | null;
  /** Null: the server was not heard of. */
  httpStatus: number | null;
  /** Whether the page said that it has loaded; null where nobody looked. */
  isLoaded: boolean | null;
  text: string | null;
  steps: StepReport[];
  /** What the page did that it was not let do, or not to be asked about. */
  dialogs: number;
  popups: number;
  downloads: number;
  egress: EgressReport | null;
}

/** Told of a visit as it happens. What it answers is waited for: a browser that is to write is first on record. */
export interface Witness {
  stepStarts(report: VisitReport): Promise<void>;
  caught(step: number | null, caught: Catch): Promise<void>;
}

/** `stopped` is for those who stopped it to name; the others stand in the task's `error`. */
export const VISIT_CODES = [
  'url_not_allowed',
  'navigation_failed',
  'download_refused',
  'over_budget',
  'step_failed',
  'page_crashed',
  'browser_crashed',
  'browser_unavailable',
  'artifact_not_kept',
  'deadline_exceeded',
  'stopped',
] as const;

/** Why a visit did not end well. Anything else that `visit` throws is a fault of ours. */
export class VisitError extends Error {
  constructor(
    readonly code: (typeof VISIT_CODES)[number],
    message: string,
    readonly reason: string | null = null,
  ) {
    super(message);
  }
}

/** A crash says nothing about the page's answer: a visit that only reads is worth another attempt. */
export const isCrash = (error: unknown): boolean =>
  error instanceof VisitError && /^(page|browser)_crashed$/.test(error.code) && error.reason !== TOO_MUCH_MEMORY;

/** Why a page was ended that would end the same way the next time. */
export const TOO_MUCH_MEMORY = 'memory';

export interface BrowserStatus {
  /** Of the process group; null while it starts. */
  pid: number | null;
  version: string | null;
  startedAt: Date;
  running: number;
  tasksDone: number;
  /** Of the whole process tree; null where that cannot be measured, or has not been yet. */
  memoryBytes: number | null;
  isRetiring: boolean;
}

export interface EngineStatus {
  browsers: BrowserStatus[];
  recycled: number;
  crashed: number;
}

/** Whoever visits pages. */
export abstract class BrowserEngine {
  abstract readonly name: 'playwright' | 'stub';

  /** Why it cannot visit anything now, for a person, with what helps; null when it can, or nobody has tried yet. */
  abstract unavailable(): string | null;

  /**
   * Does what it is told and leaves what it finds in `report`, also when it throws a `VisitError`. Ends, whatever the
   * page does, within two seconds of its deadline or of the signal.
   */
  abstract visit(visit: Visit, report: VisitReport, witness: Witness, signal: AbortSignal): Promise<void>;

  abstract status(): EngineStatus;
}

export const emptyReport = (): VisitReport => ({
  title: null,
  finalUrl: null,
  httpStatus: null,
  isLoaded: null,
  text: null,
  steps: [],
  dialogs: 0,
  popups: 0,
  downloads: 0,
  egress: null,
});
