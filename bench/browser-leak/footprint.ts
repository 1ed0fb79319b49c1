import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserStatus, statusAtRest, statusOf, visitPage } from '../browser/tasks';
import { Client } from '../support/client';
import { usageOf } from '../support/process-usage';
import { table } from '../support/table';
import type { Instance } from './instance';
import { openFiles } from './proc';

const POLL_MS = 100;
const LOOKS = 10;
const ATTEMPTS = 20;

/** What the service holds while nobody wants anything of it. */
export interface Footprint {
  tasks: number;
  rssMb: number;
  /** Of the service's own process. */
  files: number;
  browsers: number;
  /** Temporary files that belong to no browser that lives. */
  strays: number;
  /** The service's, and all below it. */
  processes: number;
}

/** With a browser at hand, whatever has become of the last one, and none that is about to end. */
export async function takeFootprint(instance: Instance, pageUrl: string, tasks: number): Promise<Footprint> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await settle(instance, pageUrl);
    const { service } = instance;
    const files = await filesKeptOpen(service.pid);
    const { temporaryFiles, processes } = instance;
    const footprint = {
      tasks,
      rssMb: usageOf(service.pid).rssMb,
      files,
      browsers: before.length,
      strays: temporaryFiles.length - before.length,
      processes,
    };
    const client = new Client(service.url, 1);
    const after = pidsOf(await statusOf(client));
    client.close();
    if (before.join() === after.join()) return footprint;
  }
  throw new Error('The browsers never came to rest.');
}

/** Every half second some are open for a moment: the service looks how large its browsers are. */
async function filesKeptOpen(pid: number): Promise<number> {
  const counts: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    await sleep(POLL_MS);
    counts.push(openFiles(pid));
  }
  return Math.min(...counts);
}

/** The browsers that are left when nothing runs. */
async function settle({ service }: Instance, pageUrl: string): Promise<number[]> {
  const client = new Client(service.url, 1);
  await visitPage(client, pageUrl);
  const status = await statusAtRest(client);
  client.close();
  return pidsOf(status);
}

const pidsOf = ({ browsers }: BrowserStatus): number[] => browsers.flatMap(({ pid }) => pid ?? []);

export const describeFootprints = (footprints: Footprint[]): string =>
  table(
    [
      ['after tasks', 'RSS MB', 'files open', 'browsers', 'stray folders', 'processes'],
      ...footprints.map(({ tasks, rssMb, files, browsers, strays, processes }) => [
        `${tasks}`,
        rssMb.toFixed(1),
        `${files}`,
        `${browsers}`,
        `${strays}`,
        `${processes}`,
      ]),
    ],
    [],
  );
