import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserTask, statusAtRest, statusOf } from '../browser/tasks';
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
const POLL_MS = 20;

/** Ends services while hostile pages are at work; what a killed one had taken, the next one does. */
export async function endSuddenly(
  workspace: Workspace,
  siteUrl: string,
  findings: Findings,
): Promise<{ endings: Record<string, Ending>; recovered: BrowserTask[] }> {
  const folders = foldersFor(workspace, 'short');
  const clients = new Clients(siteUrl, findings);
  const endings: Record<string, Ending> = {};

  const early = await Instance.start(folders, siteUrl);
  await clients.leaveAll(early.service.url, hostileTasks(TASKS));
  while (early.temporaryFiles.length === 0) await sleep(POLL_MS);
  endings['kill -9 as the browser starts'] = await early.end('SIGKILL');

  const killed = await Instance.start(folders, siteUrl);
  await inTheMiddle(killed);
  endings['kill -9 in the middle'] = await killed.end('SIGKILL');

  const stopped = await Instance.start(folders, siteUrl);
  const client = new Client(stopped.service.url, 1);
  // Or not: what is still open then, the audit finds.
  await statusAtRest(client);
  client.close();
  const recovered = await audit(stopped.service.url, clients.accepted, findings);

  await clients.leaveAll(stopped.service.url, hostileTasks(TASKS));
  await inTheMiddle(stopped);
  endings['SIGTERM in the middle'] = await stopped.end('SIGTERM');
  return { endings, recovered };
}

async function inTheMiddle({ service }: Instance): Promise<void> {
  const client = new Client(service.url, 1);
  for (;;) {
    const { browsers, running } = await statusOf(client);
    if (running > 0 && browsers.some(({ pid }) => pid !== null)) break;
    await sleep(POLL_MS);
  }
  client.close();
  await sleep(IN_THE_MIDDLE_MS);
}
