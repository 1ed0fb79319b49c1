import type { BrowserTask } from '../browser/tasks';
import { Client, expectOk } from '../support/client';
import { table } from '../support/table';
import type { Findings } from './findings';
import type { PlannedTask } from './plan';

const GRACE_MS = 2_000;
/** What a reading task may end as. */
const ENDS = ['done', 'error', 'timeout', 'cancelled'];
/** What may come in between whatever the page is. */
const ACCIDENTS = ['browser_crashed', 'page_crashed', 'interrupted', 'deadline_exceeded'];
/** Of a hostile page there may be something else to say. No step of these tasks can fail but the first, for a reason. */
const HOSTILITIES = ['navigation_failed', 'download_refused', 'over_budget'];

interface Page {
  items: BrowserTask[];
  next_cursor: string | null;
}

/** Holds what the service says has become of its tasks against what its clients know. */
export async function audit(
  url: string,
  accepted: Map<number, PlannedTask>,
  findings: Findings,
): Promise<BrowserTask[]> {
  const tasks = await everyTask(url);
  const listed = new Set(tasks.map(({ task_id }) => task_id));
  for (const [id, { path }] of accepted) if (!listed.has(id)) findings.add('lost', `task ${id}, ${path}`);

  for (const task of tasks) {
    const planned = accepted.get(task.task_id);
    // Others are of the bench itself, and were looked at as they ended.
    if (planned) judge(task, planned, findings);
  }
  return tasks.filter(({ task_id }) => accepted.has(task_id));
}

function judge(task: BrowserTask, { path, isHostile, maxMs, cancelAfterMs }: PlannedTask, findings: Findings): void {
  const { task_id, status, error, finished_at, attempt } = task;
  const what =
    `task ${task_id}, ${path}, attempt ${attempt}: ${status} ${error ? `${error.error}, ${error.detail}` : ''}`.trim();
  if (finished_at === null) return findings.add('left open', what);

  const isCancelled = status === 'cancelled';
  const reasons = isHostile ? [...ACCIDENTS, ...HOSTILITIES] : ACCIDENTS;
  const isExplained = error !== null && reasons.includes(error.error);
  const isHonest = isCancelled ? cancelAfterMs !== null : status === 'done' ? error === null : isExplained;
  if (!ENDS.includes(status) || !isHonest) findings.add('untrue', what);

  // A task that was cut off with its service is closed by the next one, whenever that comes.
  if (error?.error !== 'interrupted' && tookMs(task) > maxMs + GRACE_MS)
    findings.add('overran', `${what} after ${tookMs(task)} ms`);
}

async function everyTask(url: string): Promise<BrowserTask[]> {
  const client = new Client(url, 1);
  const tasks: BrowserTask[] = [];
  let cursor: string | null = null;
  do {
    const query: string = `limit=200${cursor === null ? '' : `&cursor=${cursor}`}`;
    const page: Page = expectOk(await client.get(`/operator/browser/tasks?${query}`));
    tasks.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  client.close();
  return tasks;
}

/** How the tasks of each page have ended, and how long the longest ran. */
export function describeEnds(tasks: BrowserTask[]): string {
  const paths = [...new Set(tasks.map(pathOf))].sort();
  const rows = paths.map((path) => {
    const its = tasks.filter((task) => pathOf(task) === path);
    const again = its.filter(({ attempt }) => attempt > 1).length;
    return [path, `${its.length}`, `${again}`, `${Math.max(...its.map(tookMs))}`, endsOf(its)];
  });
  return table(
    [['page', 'tasks', 'begun again', 'longest ms', 'ended as'], ...rows],
    ['left', 'right', 'right', 'right', 'left'],
  );
}

function endsOf(tasks: BrowserTask[]): string {
  const counts = new Map<string, number>();
  for (const { status, error } of tasks) {
    const end = error ? `${status} (${error.error})` : status;
    counts.set(end, (counts.get(end) ?? 0) + 1);
  }
  return [...counts].map(([end, count]) => `${count} ${end}`).join(', ');
}

/** Of its last attempt. A task that was cancelled while it waited has never begun; one that is left open has not ended. */
const tookMs = ({ executed_at, finished_at }: BrowserTask): number =>
  executed_at === null || finished_at === null ? 0 : Date.parse(finished_at) - Date.parse(executed_at);

const pathOf = ({ url }: BrowserTask): string => new URL(url).pathname;
