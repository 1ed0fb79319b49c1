import type { Idempotency } from '../../common/http/idempotency';
import type { Action, Capture } from '../engine/browser-engine.types';

export const BROWSER_TASK_STATUSES = [
  'pending',
  'running',
  'done',
  'error',
  'timeout',
  'cancelled',
  'unknown_outcome',
] as const;
export type BrowserTaskStatus = (typeof BROWSER_TASK_STATUSES)[number];

/** `read`: doing it twice does no harm. `write`: it may change something out there, so nobody does it twice. */
export type Effects = 'read' | 'write';

/** What is to be done, as it is stored with the task. */
export interface TaskRequest {
  actions: Action[];
  capture: Capture;
  limits: TaskLimits;
}

export interface TaskLimits {
  maxMs: number;
  maxRequests: number;
  maxBytes: number;
  /** Of the text in the answer. */
  textBytes: number;
}

/** What a client asks, checked and complete. */
export interface BrowserTaskCommand {
  /** As the client wrote it. */
  url: string;
  /** Null: that of the tool call, else a new one. */
  sessionId: string | null;
  toolCallId: number | null;
  request: TaskRequest;
  effects: Effects;
  idempotency: Idempotency | null;
}

/** A task that is this process' own to run. */
export interface ClaimedTask {
  id: number;
  sessionId: string;
  url: string;
  effects: Effects;
  attempt: number;
  request: TaskRequest;
}

export interface BrowserTaskFilter {
  sessionId?: string;
  toolCallId?: number;
  status?: BrowserTaskStatus;
}
