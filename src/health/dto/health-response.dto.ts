export class HealthDto {
  /** @example 'ok' */
  status: string;
  /** @example 'operator' */
  module: string;
  /** @example '7.0' */
  version: string;
}

export class LivenessDto {
  /** @example 'ok' */
  status: string;
}

export class ReadinessDto {
  /**
   * `ok`, `degraded` (serving, but the engine does not answer), `error` or `shutting_down`.
   * @example 'ok'
   */
  status: string;
  /**
   * What is up.
   * @example { "database": { "status": "up", "latency_ms": 0 } }
   */
  info: Record<string, unknown>;
  /**
   * What is down.
   * @example {}
   */
  error: Record<string, unknown>;
  /**
   * All of it, by name.
   * @example { "database": { "status": "up", "latency_ms": 0 } }
   */
  details: Record<string, unknown>;
}
