/** What Operator says of itself, to probes and in overviews. */
export const VERSION = '7.0';
