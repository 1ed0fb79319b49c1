/** `npm run bench:browser -- [--quick] [--check]`: what it costs to have a page visited by the service. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { INSTALL_COMMAND, findChromium } from '../../src/browser/playwright/find-chromium';
import { describeGoals, isReached } from '../chat/goals';
import { describeMachine } from '../support/machine';
import { startServer } from '../support/processes';
import { type Workspace, inWorkspace } from '../support/workspace';
import { describeQueueing, measureQueueing, queueingGoals } from './queueing';
import { describeThroughput, measureThroughput, throughputGoals } from './throughput';

const { quick, check } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
}).values;

const ROUNDS = quick ? { rounds: 2, roundMs: 1_500, warmUpMs: 1_000 } : { rounds: 5, roundMs: 4_000, warmUpMs: 3_000 };
/** Where the original's browser is found; the headless one that others come with starts three times as fast. */
const WHOLE = ['/usr/bin/chromium', '/usr/bin/google-chrome'];

const QUEUE = quick ? { rounds: 1, waiting: 20, added: 40 } : { rounds: 2, waiting: 100, added: 200 };

async function bench(workspace: Workspace): Promise<void> {
  const executablePath = findChromium(null);
  if (executablePath === null) throw new Error(`There is no Chromium: run \`${INSTALL_COMMAND}\` first.`);
  show(describeMachine(workspace.dir));
  if (quick) show('A quick run: too short for figures to quote.');

  const { url } = await startServer(join(__dirname, 'site.ts'), []);
  const whole = findChromium(null, workspace.dir, WHOLE);
  const measured = await measureThroughput(workspace, { url, executablePath, whole }, ROUNDS);
  show(describeThroughput(measured));
  const latencies = await measureQueueing(workspace, url, QUEUE);
  show(describeQueueing(latencies, QUEUE));

  const goals = [...throughputGoals(measured), ...queueingGoals(latencies, QUEUE)];
  show(describeGoals(goals));
  if (check && !goals.every(isReached)) process.exitCode = 1;
}

const show = (text: string) => process.stdout.write(`${text}\n\n`);

void inWorkspace(bench);
