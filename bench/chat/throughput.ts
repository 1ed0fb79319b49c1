import { median, percentile } from '../support/statistics';
import { table } from '../support/table';
import type { Goal } from './goals';
import type { Sample, Target } from './load';

export const CONNECTIONS = [1, 16, 64];
/** Below it the figure is one of latency: a single client waits for the disk on either side. */
export const THROUGHPUT_FROM = 16;

export const MAX_CONNECTIONS = Math.max(...CONNECTIONS);

export interface ThroughputOptions {
  rounds: number;
  roundMs: number;
  warmUpTurns: number;
}

export interface Measured {
  target: string;
  connections: number;
  turnsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuMsPerTurn: number;
  rssMb: number;
}

/** The targets take turns within every round: what disturbs the machine for a while disturbs them alike. */
export async function measureThroughput(
  targets: Target[],
  { rounds, roundMs, warmUpTurns }: ThroughputOptions,
): Promise<Measured[]> {
  for (const target of targets) await target.run(warmUpTurns);

  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < rounds; round++) {
    for (const connections of CONNECTIONS) {
      for (const target of targets) {
        const key = `${target.name} ${connections}`;
        samples.set(key, [...(samples.get(key) ?? []), await target.measure(connections, roundMs)]);
      }
    }
  }
  return CONNECTIONS.flatMap((connections) =>
    targets.map(({ name }) => summary(name, connections, samples.get(`${name} ${connections}`)!)),
  );
}

export const describeThroughput = (measured: Measured[], what = 'turn'): string =>
  table([
    ['target', 'connections', `${what}s/s`, 'p50 ms', 'p99 ms', `CPU ms/${what}`, 'RSS MB'],
    ...measured.map(({ target, connections, turnsPerSecond, p50Ms, p99Ms, cpuMsPerTurn, rssMb }) => [
      target,
      `${connections}`,
      turnsPerSecond.toFixed(0),
      p50Ms.toFixed(2),
      p99Ms.toFixed(2),
      cpuMsPerTurn.toFixed(2),
      rssMb.toFixed(0),
    ]),
  ]);

export function throughputGoals(measured: Measured[], target: string, floor: string): Goal[] {
  const of = (name: string, connections: number) =>
    measured.find((entry) => entry.target === name && entry.connections === connections)!;
  return [
    ...CONNECTIONS.filter((connections) => connections >= THROUGHPUT_FROM).map((connections) => ({
      name: `turns/s ÷ ${floor}, ${connections} connections`,
      value: of(target, connections).turnsPerSecond / of(floor, connections).turnsPerSecond,
      atLeast: 0.45,
    })),
    ...CONNECTIONS.map((connections) => ({
      name: `p99 ÷ ${floor}, ${connections} connections`,
      value: of(target, connections).p99Ms / of(floor, connections).p99Ms,
      atMost: 3,
    })),
  ];
}

/** Medians over the rounds; percentiles over the turns of all rounds, since a slow one is rare within any of them. */
function summary(target: string, connections: number, samples: Sample[]): Measured {
  const over = (figure: 'turnsPerSecond' | 'cpuMsPerTurn' | 'rssMb') => median(samples.map((sample) => sample[figure]));
  const latencies = samples.flatMap(({ latenciesMs }) => latenciesMs);
  return {
    target,
    connections,
    turnsPerSecond: over('turnsPerSecond'),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuMsPerTurn: over('cpuMsPerTurn'),
    rssMb: over('rssMb'),
  };
}
