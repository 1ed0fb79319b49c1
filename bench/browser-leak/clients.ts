import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserTask, TASK, expectVisited, leave, statusOf } from '../browser/tasks';
import { Client, expectOk } from '../support/client';
import type { Findings } from './findings';
import type { PlannedTask } from './plan';

const CLIENTS = 4;
const POLL_MS = 100;
/** A task may wait for others, be cut off, and be begun again. */
const PATIENCE_MS = 120_000;

/** Those who want pages visited, and write down what they were promised. */
export class Clients {
  /** By the id that the service gave them. */
  readonly accepted = new Map<number, PlannedTask>();
  cancels = 0;
  kills = 0;

  constructor(
    private readonly siteUrl: string,
    private readonly findings: Findings,
  ) {}

  /** Four at a time, in this order. Resolves when all have ended. */
  async run(url: string, planned: PlannedTask[]): Promise<void> {
    const client = new Client(url);
    const left = [...planned];
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        for (let task = left.shift(); task; task = left.shift()) await this.runOne(client, task);
      }),
    );
    client.close();
  }

  /** Leaves them in the queue. */
  async leaveAll(url: string, planned: PlannedTask[]): Promise<void> {
    const client = new Client(url, 1);
    for (const task of planned) await this.leave(client, task);
    client.close();
  }

  private async runOne(client: Client, task: PlannedTask): Promise<void> {
    const { path, isHostile, cancelAfterMs, killAfterMs } = task;
    const killing = killAfterMs === null ? null : sleep(killAfterMs).then(() => this.killBrowser(client));
    try {
      const ended = await (cancelAfterMs === null
        ? this.visit(client, task)
        : this.changeMind(client, task, cancelAfterMs));
      if (!isHostile && ended.status === 'done') expectVisited(ended);
    } catch (error) {
      this.findings.add('refused', `${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    await killing;
  }

  private async visit(client: Client, task: PlannedTask): Promise<BrowserTask> {
    const answer = await client.post(TASK, this.body(task), { prefer: 'wait=60' });
    const accepted = expectOk<BrowserTask>(answer, answer.status === 202 ? 202 : 200);
    this.accepted.set(accepted.task_id, task);
    return answer.status === 200 ? accepted : this.ended(client, accepted.task_id);
  }

  private async changeMind(client: Client, task: PlannedTask, afterMs: number): Promise<BrowserTask> {
    const id = await this.leave(client, task);
    await sleep(afterMs);
    const { status, body } = await client.post(`${TASK}/${id}/cancel`, '');
    // It may have ended by itself.
    if (status !== 409) expectOk({ status, body, headers: {} });
    if (status === 200) this.cancels++;
    return this.ended(client, id);
  }

  private async leave(client: Client, task: PlannedTask): Promise<number> {
    const id = await leave(client, JSON.parse(this.body(task)) as object);
    this.accepted.set(id, task);
    return id;
  }

  private async ended(client: Client, id: number): Promise<BrowserTask> {
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(POLL_MS)) {
      const task = expectOk<BrowserTask>(await client.get(`${TASK}/${id}`));
      if (task.finished_at !== null) return task;
    }
    throw new Error(`Task ${id} did not end.`);
  }

  /** What leads the group may be a script that has started the browser: so the whole group. */
  private async killBrowser(client: Client): Promise<void> {
    const { browsers } = await statusOf(client);
    const pid = browsers.find((browser) => browser.pid !== null)?.pid;
    if (pid == null) return;
    try {
      process.kill(-pid, 'SIGKILL');
      this.kills++;
    } catch {
      // It has ended meanwhile.
    }
  }

  private body({ path, isHostile, maxMs }: PlannedTask): string {
    return JSON.stringify({ url: `${this.siteUrl}${path}`, ...(isHostile && { limits: { max_ms: maxMs } }) });
  }
}
