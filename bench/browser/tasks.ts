import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, expectOk } from '../support/client';
import { expectPage } from './page';

export const TASK = '/operator/browser/task';
const STATUS = '/operator/browser/status';
const WAITING = { prefer: 'wait=60' };
const POLL_MS = 100;

/** A task as the service tells of it; a list leaves out what was found. */
export interface BrowserTask {
  task_id: number;
  status: string;
  url: string;
  attempt: number;
  error: { error: string; detail: string } | null;
  executed_at: string | null;
  finished_at: string | null;
  title: string | null;
  text: string | null;
  artifacts: { kind: string }[];
}

export interface BrowserStatus {
  /** `pid` is that of the process group; null while it starts. */
  browsers: { pid: number | null; retiring: boolean }[];
  running: number;
  queued: number;
  recycled: number;
  crashed: number;
  ended: Record<string, number>;
}

/** Has the page visited and waits for what comes of it. */
export async function visitPage(client: Client, url: string): Promise<void> {
  expectVisited(expectOk<BrowserTask>(await client.post(TASK, JSON.stringify({ url }), WAITING)));
}

/** Leaves a task in the queue. */
export async function leave(client: Client, task: object): Promise<number> {
  return expectOk<{ task_id: number }>(await client.post(TASK, JSON.stringify(task)), 202).task_id;
}

/** Throws unless the page was found, with all that is on it, and pictured. */
export function expectVisited({ task_id, status, title, text, error, artifacts }: BrowserTask): void {
  if (status !== 'done') throw new Error(`Task ${task_id} ended as ${status}: ${error?.detail}`);
  expectPage(title, text);
  if (!artifacts.some(({ kind }) => kind === 'snapshot')) throw new Error(`Task ${task_id} has no picture.`);
}

export const statusOf = async (client: Client): Promise<BrowserStatus> => expectOk(await client.get(STATUS));

/** The status once nothing runs or waits, and no browser comes or goes; or else when patience is over. */
export async function statusAtRest(client: Client, patienceMs = 120_000): Promise<BrowserStatus> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(POLL_MS)) {
    const status = await statusOf(client);
    const isAtRest = status.browsers.every(({ pid, retiring }) => pid !== null && !retiring);
    if ((status.running + status.queued === 0 && isAtRest) || Date.now() > deadline) return status;
  }
}
