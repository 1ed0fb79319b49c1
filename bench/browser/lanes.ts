/** Tasks one after the other in each of some lanes. */
export interface Sample {
  tasksPerSecond: number;
  latenciesMs: number[];
}

/** Keeps each lane busy until time is over, and then lets it end what it has begun. */
export async function keepBusy(lanes: number, ms: number, task: () => Promise<void>): Promise<Sample> {
  const latenciesMs: number[] = [];
  const endsAt = performance.now() + ms;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let startedAt = performance.now(); startedAt < endsAt; startedAt = performance.now()) {
        await task();
        latenciesMs.push(performance.now() - startedAt);
      }
    }),
  );
  // No lane ever rests. Counting ends within the time would round by up to a task a lane, which is much of a slow one.
  const meanMs = latenciesMs.reduce((sum, latency) => sum + latency, 0) / latenciesMs.length;
  return { tasksPerSecond: (lanes * 1_000) / meanMs, latenciesMs };
}
