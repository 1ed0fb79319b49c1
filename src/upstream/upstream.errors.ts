/**
 * How a call to an upstream can fail before there is an answer to look at. Features turn it into an error of theirs.
 *
 * `unreachable`: refused, reset or unknown host · `timeout`: a deadline passed · `not-http`: something else listens
 * there · `too-large`: over the size limit · `aborted`: the caller gave up · `circuit-open`: it failed too often to be
 * asked now · `overloaded`: too many calls wait for it already · `not-configured`: nobody said where it is.
 */
export type UpstreamFailure =
  'unreachable' | 'timeout' | 'not-http' | 'too-large' | 'aborted' | 'circuit-open' | 'overloaded' | 'not-configured';

export class UpstreamError extends Error {
  /** With `circuit-open`: when trying again may help. */
  readonly retryAfterMs: number | null;

  constructor(
    readonly failure: UpstreamFailure,
    message: string,
    { retryAfterMs, ...options }: ErrorOptions & { retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.name = 'UpstreamError';
    this.retryAfterMs = retryAfterMs ?? null;
  }
}
