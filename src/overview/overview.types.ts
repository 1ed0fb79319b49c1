import type { UpstreamName } from '../config/upstreams';
import type { BreakerState } from '../upstream/breaker';

/**
 * `ok`: it says that it is well · `degraded`: it answers, and says that it is not · `down`: it does not answer, or is
 * said not to · `unknown`: nobody can tell · `not_configured`: Operator has no address of it, which is no failure.
 */
export type Condition = 'ok' | 'degraded' | 'down' | 'unknown' | 'not_configured';

/** What a module says of itself, or somebody of it. */
export interface Verdict {
  status: Exclude<Condition, 'not_configured'>;
  /** The word it used. */
  reported: string | null;
  version: string | null;
  /** Why it is not `ok`. */
  error: string | null;
}

/** Why an upstream gave nothing to go by. */
export interface Failure {
  reason: string;
  status: Exclude<Condition, 'ok' | 'degraded'>;
  /** It answers, and knows nothing of this path: perhaps its other revision does. */
  isMissing: boolean;
}

/** One question to one upstream, and how that went. */
export interface Source {
  name: UpstreamName;
  path: string;
  status: 'ok' | 'failed' | 'not_configured';
  latencyMs: number | null;
  error: string | null;
}

export type Asked<T> = { source: Source; at: Date } & ({ value: T; failure: null } | { value: null; failure: Failure });

export interface ModuleState {
  status: Condition;
  reported: string | null;
  version: string | null;
  latencyMs: number | null;
  /** When somebody was last asked; null when there is nobody to ask. */
  checkedAt: Date | null;
  error: string | null;
  /** Who says so: the module itself, asked directly, or Tentáculo Link. */
  source: 'self' | 'direct' | 'tentaculo_link' | null;
  circuit: BreakerState | null;
}

export interface Overview {
  status: Exclude<Condition, 'not_configured'>;
  healthyModules: number;
  totalModules: number;
  modules: Map<string, ModuleState>;
  sources: Source[];
}

export interface Project {
  name: string;
  id: string | null;
  status: string | null;
}

/** Null: not known; `reasons` says why. */
export interface Dashboard {
  status: Condition;
  shubHealth: Condition;
  shubVersion: string | null;
  projects: Project[] | null;
  projectsTotal: number | null;
  reasons: { shubHealth: string | null; projects: string | null };
  sources: Source[];
}

export interface CliTool {
  name: string;
  available: boolean;
  version: string | null;
}

export interface LocalModel {
  name: string;
  sizeMb: number | null;
  available: boolean;
}

/** Null: not known; `reasons` says why. */
export interface Resources {
  status: Condition;
  cliTools: CliTool[] | null;
  localModels: LocalModel[] | null;
  maxTokens: number | null;
  availableTokens: number | null;
  reasons: {
    cliTools: string | null;
    localModels: string | null;
    maxTokens: string | null;
    availableTokens: string | null;
  };
  sources: Source[];
}
