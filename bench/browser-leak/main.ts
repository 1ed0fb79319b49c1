/**
 * `npm run bench:browser-leak -- [--tasks 500] [--seed 1] [--quick] [--check]`: what stays behind of browser tasks, a
 * fifth of them hostile, while browsers are killed and clients change their minds.
 *
 * The seed repeats what is asked in which order, not what meets in the browser.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { statusOf } from '../browser/tasks';
import { type Goal, describeGoals, isReached } from '../chat/goals';
import { Client } from '../support/client';
import { describeMachine } from '../support/machine';
import { startServer } from '../support/processes';
import { Random } from '../support/random';
import { type Workspace, inWorkspace } from '../support/workspace';
import { audit, describeEnds } from './audit';
import { Clients } from './clients';
import { FAULTS, type Fault, Findings } from './findings';
import { type Footprint, describeFootprints, takeFootprint } from './footprint';
import { type Ending, Instance, foldersFor } from './instance';
import { endSuddenly } from './sudden-ends';
import { plan } from './plan';

const QUICK_TASKS = 60;
/** By then everything has been used once. */
const TASKS_BETWEEN_LOOKS = 50;
const SHOWN_FINDINGS = 20;

const { values: options } = parseArgs({
  options: {
    tasks: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});
const tasks = options.quick ? QUICK_TASKS : Number(options.tasks);
const seed = Number(options.seed);
if (!Number.isSafeInteger(tasks) || tasks < QUICK_TASKS)
  throw new Error(`--tasks must be a number from ${QUICK_TASKS}`);
if (!Number.isSafeInteger(seed)) throw new Error('--seed must be a number');

async function bench(workspace: Workspace): Promise<void> {
  if (process.platform !== 'linux') throw new Error('What stays behind is looked for in /proc, which Linux has.');
  show(describeMachine(workspace.dir));
  const site = await startServer(join(__dirname, 'site.ts'), []);
  const findings = new Findings();

  const footprints = await manyTasks(workspace, site.url, findings);
  const sudden = await endSuddenly(workspace, site.url, findings);
  show(`after two kills -9\n${describeEnds(sudden.recovered)}`);

  for (const line of findings.list().slice(0, SHOWN_FINDINGS)) process.stdout.write(`${line}\n`);
  if (findings.list().length > 0) {
    workspace.isKept = true;
    process.stdout.write(`The databases and the logs are kept in ${workspace.dir}\n`);
  }
  const goals = [
    ...footprintGoals(footprints.resting),
    ...endingGoals({ 'SIGTERM at rest': footprints.ending, ...sudden.endings }),
    ...Object.entries(FAULTS).map(([fault, meaning]) => ({
      name: `${fault}: ${meaning}`,
      value: findings.count(fault as Fault),
      atMost: 0,
    })),
  ];
  show(describeGoals(goals));
  if (options.check && !goals.every(isReached)) process.exitCode = 1;
}

/** All that was planned, with a look at what the service holds every now and then. */
async function manyTasks(
  workspace: Workspace,
  siteUrl: string,
  findings: Findings,
): Promise<{ resting: Footprint[]; ending: Ending }> {
  const instance = await Instance.start(foldersFor(workspace, 'long'), siteUrl);
  const { url } = instance.service;
  const clients = new Clients(siteUrl, findings);
  const planned = plan(tasks, new Random(seed));
  const resting: Footprint[] = [];
  for (let done = 0; done < planned.length; done += TASKS_BETWEEN_LOOKS) {
    await clients.run(url, planned.slice(done, done + TASKS_BETWEEN_LOOKS));
    resting.push(await takeFootprint(instance, `${siteUrl}/`, clients.accepted.size));
  }
  const ended = await audit(url, clients.accepted, findings);
  const client = new Client(url, 1);
  const { crashed, recycled } = await statusOf(client);
  client.close();

  show(describeEnds(ended));
  show(describeFootprints(resting));
  show(
    `seed ${seed}: ${clients.kills} kills of the browser, ${clients.cancels} tasks cancelled; ` +
      `${crashed} browsers ended unasked, ${recycled} were replaced`,
  );
  return { resting, ending: await instance.end('SIGTERM') };
}

function footprintGoals(resting: Footprint[]): Goal[] {
  const [first, last] = [resting[0]!, resting.at(-1)!];
  const span = `${last.tasks} tasks ÷ after ${first.tasks}`;
  return [
    { name: `memory of the service after ${span}`, value: last.rssMb / first.rssMb, atMost: 1.2 },
    { name: `its open files, more than after ${first.tasks}`, value: last.files - first.files, atMost: 3 },
    { name: 'temporary files of no browser', value: Math.max(...resting.map(({ strays }) => strays)), atMost: 0 },
  ];
}

function endingGoals(endings: Record<string, Ending>): Goal[] {
  return Object.entries(endings).map(([name, { left, afterMs }]) => {
    for (const what of left) process.stdout.write(`left after ${name}: ${what}\n`);
    const when = left.length === 0 ? `all gone after ${(afterMs / 1_000).toFixed(1)} s` : '10 s later';
    return { name: `left after ${name} (${when})`, value: left.length, atMost: 0 };
  });
}

const show = (text: string) => process.stdout.write(`${text}\n\n`);

void inWorkspace(bench);
