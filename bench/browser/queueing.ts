import type { Goal } from '../chat/goals';
import { Client } from '../support/client';
import { percentile, timedAsync } from '../support/statistics';
import type { Workspace } from '../support/workspace';
import { startService } from './start-service';
import { leave, statusAtRest, statusOf, visitPage } from './tasks';

const CONCURRENCY = 2;
const DRAINED_WITHIN_MS = 600_000;

export interface Size {
  rounds: number;
  /** Tasks that wait already. */
  waiting: number;
  /** Tasks that are added to them. */
  added: number;
}

/** How long it takes to be told that a task is taken, in ms, while the browser has more to do than it can. */
export async function measureQueueing(workspace: Workspace, url: string, size: Size): Promise<number[]> {
  const service = await startService(workspace.folder('queueing'), url, {
    BROWSER_CONCURRENCY: `${CONCURRENCY}`,
    BROWSER_QUEUE: `${size.waiting + size.added}`,
  });
  const client = new Client(service.url, 1);
  const task = { url: `${url}/` };
  await visitPage(client, task.url);

  const latencies: number[] = [];
  for (let round = 1; round <= size.rounds; round++) {
    for (let index = 0; index < size.waiting; index++) await leave(client, task);
    for (let index = 0; index < size.added; index++) latencies.push(await timedAsync(() => leave(client, task)));
    const { running, queued } = await statusOf(client);
    if (running < CONCURRENCY || queued < size.added) throw new Error(`It was idle: ${running} ran, ${queued} waited.`);
    // What was taken is done.
    const { ended } = await statusAtRest(client, DRAINED_WITHIN_MS);
    const tasks = 1 + round * (size.waiting + size.added);
    if (ended['done'] !== tasks) throw new Error(`Of ${tasks} tasks not all are done: ${JSON.stringify(ended)}`);
  }
  client.close();
  await service.stop();
  return latencies;
}

export const describeQueueing = (latencies: number[], { waiting }: Size): string =>
  `202 with ${waiting} waiting and ${CONCURRENCY} at work: p50 ${percentile(latencies, 0.5).toFixed(1)} ms, ` +
  `p99 ${percentile(latencies, 0.99).toFixed(1)} ms (${latencies.length} tasks)`;

export const queueingGoals = (latencies: number[], { waiting }: Size): Goal[] => [
  { name: `p99 of a 202 with ${waiting} waiting, ms`, value: percentile(latencies, 0.99), atMost: 25 },
];
