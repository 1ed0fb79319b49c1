import type { Source } from '../overview.types';

/** One question that was asked for this answer, and how that went. */
export class SourceDto {
  /**
   * Who was asked.
   * @example 'shub'
   */
  name: string;
  /** @example '/health' */
  path: string;
  /** @example 'ok' */
  status: 'ok' | 'failed' | 'not_configured';
  /** @example 12 */
  latency_ms: number | null;
  /**
   * Why it failed, such as `unreachable`, `timeout` or `token refused (401)`.
   * @example null
   */
  error: string | null;

  static from({ name, path, status, latencyMs, error }: Source): SourceDto {
    return { name, path, status, latency_ms: latencyMs, error };
  }
}
