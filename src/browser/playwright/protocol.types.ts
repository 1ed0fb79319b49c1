import type { Catch, Visit, VisitError, VisitReport } from '../engine/browser-engine.types';

/** What a browser is started with. */
export interface LaunchOptions {
  executablePath: string;
  sandbox: boolean;
}

/** How a visit that did not end well is told of: by the code, or null for a fault of ours. */
export interface VisitFailure {
  code: VisitError['code'] | null;
  message: string;
  reason: string | null;
  /** The one that could not be opened. */
  url: string | null;
}

/** From the service to a worker. */
export type Order =
  | { type: 'launch'; options: LaunchOptions }
  | { type: 'visit'; visit: Visit; proxyUrl: string }
  /** `over_budget` is worth a last look at the page. */
  | { type: 'stop'; taskId: number; code: VisitError['code'] }
  /** Answers `step` and `caught`; `error` says why something could not be kept. */
  | { type: 'noted'; taskId: number; error: string | null }
  | { type: 'exit' };

/** From a worker to the service. */
export type News =
  | { type: 'ready'; group: number; version: string }
  | { type: 'not_launched'; message: string }
  | { type: 'step'; taskId: number; report: VisitReport }
  | { type: 'caught'; taskId: number; step: number | null; caught: Catch }
  | { type: 'ended'; taskId: number; report: VisitReport; failure: VisitFailure | null };
