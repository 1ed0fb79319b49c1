import { join } from 'node:path';
import type { Goal } from '../chat/goals';
import { Client, expectOk } from '../support/client';
import { startServer } from '../support/processes';
import { median, percentile } from '../support/statistics';
import { table } from '../support/table';
import type { Workspace } from '../support/workspace';
import { type Sample, keepBusy } from './lanes';
import { startService } from './start-service';
import { visitPage } from './tasks';

const LANES = [1, 2, 4];
/** A single client waits for nobody else: what is added to a task is seen there best. */
const LATENCY_AT = 1;

const NAMES = ['service', 'warm', 'fresh', 'original'] as const;
type Name = (typeof NAMES)[number];
const SHOWN: Record<Name, string> = {
  service: 'service',
  warm: 'floor: one warm browser',
  fresh: 'a browser for each task',
  original: 'the same, whole Chromium',
};

export interface Size {
  rounds: number;
  roundMs: number;
  warmUpMs: number;
}

export interface Measured {
  lanes: number;
  /** One a round; those of a round were measured one after the other. */
  samples: Record<Name, Sample[]>;
}

/** The same page, visited through the service, by a bare script, and by one that starts a browser for each task. */
export async function measureThroughput(
  workspace: Workspace,
  { url, executablePath, whole }: { url: string; executablePath: string; whole: string | null },
  { rounds, roundMs, warmUpMs }: Size,
): Promise<Measured[]> {
  const page = `${url}/`;
  const TMPDIR = workspace.folder('floor');
  const args = [page, executablePath, ...(whole === null ? [] : [whole])];
  const floor = new Client((await startServer(join(__dirname, 'floor.ts'), args, { TMPDIR })).url);
  const names = NAMES.filter((name) => name !== 'original' || whole !== null);
  const floorOf = (name: Name) => async (lanes: number, ms: number) =>
    expectOk<Sample>(await floor.get(`/${name}?lanes=${lanes}&ms=${ms}`));

  const measured: Measured[] = [];
  for (const lanes of LANES) {
    const dataDir = workspace.folder(`lanes-${lanes}`);
    const service = await startService(dataDir, url, { BROWSER_CONCURRENCY: `${lanes}` });
    const client = new Client(service.url, lanes);
    const measure: Record<Name, (lanes: number, ms: number) => Promise<Sample>> = {
      service: (lanes, ms) => keepBusy(lanes, ms, () => visitPage(client, page)),
      warm: floorOf('warm'),
      fresh: floorOf('fresh'),
      original: floorOf('original'),
    };
    for (const name of names) await measure[name](lanes, warmUpMs);

    const samples: Measured['samples'] = { service: [], warm: [], fresh: [], original: [] };
    for (let round = 0; round < rounds; round++) {
      // Each goes first in turn: what one leaves behind falls to the next.
      const first = round % names.length;
      for (const name of [...names.slice(first), ...names.slice(0, first)]) {
        samples[name].push(await measure[name](lanes, roundMs));
      }
    }
    measured.push({ lanes, samples });
    client.close();
    await service.stop();
  }
  expectOk(await floor.get('/end'));
  return measured;
}

export const describeThroughput = (measured: Measured[]): string =>
  table(
    [
      ['', 'at once', 'tasks/s', 'p50 ms', 'p90 ms', 'tasks'],
      ...measured.flatMap(({ lanes, samples }) =>
        NAMES.filter((name) => samples[name].length > 0).map((name) => {
          const latencies = samples[name].flatMap(({ latenciesMs }) => latenciesMs);
          return [
            SHOWN[name],
            `${lanes}`,
            median(samples[name].map(({ tasksPerSecond }) => tasksPerSecond)).toFixed(1),
            percentile(latencies, 0.5).toFixed(0),
            percentile(latencies, 0.9).toFixed(0),
            `${latencies.length}`,
          ];
        }),
      ),
    ],
    ['left'],
  );

export const throughputGoals = (measured: Measured[]): Goal[] =>
  measured.flatMap(({ lanes, samples }) => {
    const ofRounds = (other: Name, compare: (service: Sample, other: Sample) => number) =>
      median(samples.service.map((sample, round) => compare(sample, samples[other][round]!)));
    const ratio = (other: Name) => ofRounds(other, (a, b) => a.tasksPerSecond / b.tasksPerSecond);
    return [
      { name: `tasks/s ÷ floor, ${lanes} at once`, value: ratio('warm'), atLeast: 0.85 },
      ...(samples.original.length > 0
        ? [{ name: `tasks/s ÷ the original’s way, ${lanes} at once`, value: ratio('original'), atLeast: 3 }]
        : []),
      ...(lanes === LATENCY_AT
        ? [{ name: `p50 − floor’s, ${lanes} at once, ms`, value: ofRounds('warm', p50Difference), atMost: 40 }]
        : []),
    ];
  });

const p50Difference = (a: Sample, b: Sample): number => median(a.latenciesMs) - median(b.latenciesMs);
