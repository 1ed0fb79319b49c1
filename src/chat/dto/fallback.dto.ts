export class FallbackDto {
  /** @example 'vx11' */
  engine: string;
  /**
   * The code of its error.
   * @example 'switch_unavailable'
   */
  error: string;
}
