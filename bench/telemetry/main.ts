/**
 * `npm run bench:telemetry -- [--quick] [--check] [--only figures|recording|chat]`: what it costs to record what was
 * done, and to ask for it. With TEST_POSTGRES_URL figures are measured on PostgreSQL too.
 */
import { parseArgs } from 'node:util';
import { type Goal, describeGoals, isReached } from '../chat/goals';
import { describeThroughput } from '../chat/throughput';
import { describeMachine } from '../support/machine';
import { type Workspace, inWorkspace } from '../support/workspace';
import { chatCostGoals, describeChatCost, measureChatCost } from './chat-cost';
import { describeFigures, figuresGoals, measureFigures } from './figures';
import { measureRecording, recordingGoals } from './recording';

const { quick, check, only } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
}).values;

const SIZE = quick
  ? { calls: 100_000, times: 5, rounds: 3, roundMs: 300, warmUpTurns: 400 }
  : { calls: 1_000_000, times: 15, rounds: 5, roundMs: 1_500, warmUpTurns: 2_000 };

const CHAT_ROUNDS = quick ? 1 : 4;

const PARTS: Record<string, (workspace: Workspace) => Promise<Goal[]>> = {
  async figures(workspace) {
    const measured = await measureFigures(workspace, SIZE, process.env['TEST_POSTGRES_URL']);
    show(describeFigures(measured));
    return figuresGoals(measured);
  },
  async recording(workspace) {
    const measured = await measureRecording(workspace, SIZE);
    show(describeThroughput(measured, 'call'));
    return recordingGoals(measured);
  },
  async chat(workspace) {
    // A few per cent, on a machine that wavers by ten: more rounds.
    const measured = await measureChatCost(workspace, { ...SIZE, rounds: SIZE.rounds * CHAT_ROUNDS });
    show(describeChatCost(measured));
    return chatCostGoals(measured);
  },
};

async function bench(workspace: Workspace): Promise<void> {
  show(describeMachine(workspace.dir));
  if (quick) show('A quick run: too short for figures to quote.');
  const goals: Goal[] = [];
  for (const [name, measure] of Object.entries(PARTS)) {
    if (only === undefined || only === name) goals.push(...(await measure(workspace)));
  }
  show(describeGoals(goals));
  if (check && !goals.every(isReached)) process.exitCode = 1;
}

const show = (text: string) => process.stdout.write(`${text}\n\n`);

void inWorkspace(bench);
