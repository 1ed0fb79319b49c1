/** `npm run bench:stream -- [--quick] [--check]`: what it costs to watch an answer being given. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeGoals, isReached } from '../chat/goals';
import { describeMachine } from '../support/machine';
import { startServer } from '../support/processes';
import { type Workspace, inWorkspace } from '../support/workspace';
import { measureAddedDelay } from './added-delay';
import { measureCancelling } from './cancelling';
import { measureFanOut } from './fan-out';
import { measureManySessions } from './many-sessions';
import { measureResume } from './resume';

const { quick, check } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
}).values;

const SIZE = quick
  ? { rounds: 1, chats: 10, tokens: 50, watchers: 100, watched: 20, writers: 5, events: 5_000, cancels: 10 }
  : { rounds: 5, chats: 100, tokens: 200, watchers: 2_000, watched: 100, writers: 20, events: 100_000, cancels: 200 };

async function bench(workspace: Workspace): Promise<void> {
  process.stdout.write(`${describeMachine(workspace.dir)}\n`);
  if (quick) process.stdout.write('A quick run: too short for figures to quote.\n');

  const model = await startServer(join(__dirname, 'model.ts'), []);
  const goals = [
    ...(await measureAddedDelay(workspace, model.url, SIZE)),
    ...(await measureFanOut(workspace, model.url, SIZE)),
    ...(await measureManySessions(workspace, model.url, SIZE)),
    ...(await measureResume(workspace, model.url, SIZE.events)),
    ...(await measureCancelling(workspace, model.url, SIZE.cancels)),
  ];
  process.stdout.write(`\n${describeGoals(goals)}\n`);
  if (check && !goals.every(isReached)) process.exitCode = 1;
}

void inWorkspace(bench);
