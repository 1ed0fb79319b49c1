import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserTask, statusAtRest } from '../browser/tasks';
import { Client } from '../support/client';
import type { Workspace } from '../support/workspace';
import { audit } from './audit';
import { Clients } from './clients';
import type { Findings } from './findings';
import { type Ending, Instance, foldersFor } from './instance';
import { hostileTasks } from './plan';

/** More than run at once, and of every kind at least one. */
const TASKS = 12;
const IN_THE_MIDDLE_MS = 1_000;

/** Ends a service while hostile pages are at work; what the killed one had taken, the next one does. */
export async function endInTheMiddle(
  workspace: Workspace,
  siteUrl: string,
  findings: Findings,
): Promise<{ endings: Record<string, Ending>; recovered: BrowserTask[] }> {
  const folders = foldersFor(workspace, 'short');
  const clients = new Clients(siteUrl, findings);

  const killed = await Instance.start(folders, siteUrl);
  await clients.leaveAll(killed.service.url, hostileTasks(TASKS));
  await sleep(IN_THE_MIDDLE_MS);
  const kill = await killed.end('SIGKILL');

  const stopped = await Instance.start(folders, siteUrl);
  const client = new Client(stopped.service.url, 1);
  // Or not: what is still open then, the audit finds.
  await statusAtRest(client);
  client.close();
  const recovered = await audit(stopped.service.url, clients.accepted, findings);

  await clients.leaveAll(stopped.service.url, hostileTasks(TASKS));
  await sleep(IN_THE_MIDDLE_MS);
  const stop = await stopped.end('SIGTERM');
  return { endings: { 'kill -9 in the middle': kill, 'SIGTERM in the middle': stop }, recovered };
}
