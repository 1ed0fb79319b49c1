/**
 * How a call to an upstream can fail before there is an answer to look at. Features turn it into an error of theirs.
 *
 * `unreachable`: refused, reset or unknown host · `timeout`: a deadline passed · `not-http`: something else listens
 * there · `too-large`: over the size limit · `aborted`: the caller gave up.
 */
export type UpstreamFailure = 'unreachable' | 'timeout' | 'not-http' | 'too-large' | 'aborted';

export class UpstreamError extends Error {
  constructor(
    readonly failure: UpstreamFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'UpstreamError';
  }
}
