/** Milliseconds of a clock that all processes of a machine share, and that nobody sets. */
export function sharedClock(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
