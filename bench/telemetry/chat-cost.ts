import { join } from 'node:path';
import type { Goal } from '../chat/goals';
import { type Sample, Target } from '../chat/load';
import { startServer } from '../support/processes';
import { Service } from '../support/service';
import { median } from '../support/statistics';
import { table } from '../support/table';
import type { Workspace } from '../support/workspace';

const CONNECTIONS = [16, 64];
const WITH = { SWITCH_FEEDBACK: 'true', METRICS: 'open' };
const WITHOUT = { SWITCH_FEEDBACK: 'false', METRICS: 'off' };

export interface ChatCost {
  connections: number;
  with: Sample[];
  without: Sample[];
  /** Turns a second with ÷ without: the median of the rounds' own ratios, since the machine wavers between rounds. */
  ratio: number;
}

/** What feedback and metrics cost a chat, traces being off: the same build with and without them, in turns. */
export async function measureChatCost(
  workspace: Workspace,
  { rounds, roundMs, warmUpTurns }: { rounds: number; roundMs: number; warmUpTurns: number },
): Promise<ChatCost[]> {
  const upstream = await startServer(join(__dirname, '../chat/switch.ts'), []);
  const start = async (name: string, env: Record<string, string>) => {
    const dataDir = workspace.folder(`chat-${name}`);
    const target = new Target(name, await Service.start({ dataDir, switchUrl: upstream.url, env }), 64);
    await target.run(warmUpTurns);
    return target;
  };
  const targets = { with: await start('with', WITH), without: await start('without', WITHOUT) };

  const costs: ChatCost[] = CONNECTIONS.map((connections) => ({ connections, with: [], without: [], ratio: 0 }));
  for (let round = 0; round < rounds; round++) {
    // Each goes first every other time: what the one leaves behind falls to the other.
    const order = round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const);
    for (const cost of costs) {
      for (const name of order) cost[name].push(await targets[name].measure(cost.connections, roundMs));
    }
  }
  for (const cost of costs) {
    cost.ratio = median(cost.with.map((sample, i) => sample.turnsPerSecond / cost.without[i]!.turnsPerSecond));
  }
  return costs;
}

export const describeChatCost = (costs: ChatCost[]): string =>
  table([
    ['connections', 'with, turns/s', 'without', 'with, CPU ms/turn', 'without', 'ratio of turns/s'],
    ...costs.map(({ connections, ratio, ...samples }) => [
      `${connections}`,
      median(samples.with.map(({ turnsPerSecond }) => turnsPerSecond)).toFixed(0),
      median(samples.without.map(({ turnsPerSecond }) => turnsPerSecond)).toFixed(0),
      median(samples.with.map(({ cpuMsPerTurn }) => cpuMsPerTurn)).toFixed(2),
      median(samples.without.map(({ cpuMsPerTurn }) => cpuMsPerTurn)).toFixed(2),
      ratio.toFixed(2),
    ]),
  ]);

export const chatCostGoals = (costs: ChatCost[]): Goal[] =>
  costs.map(({ connections, ratio }) => ({
    name: `chat: turns/s with ÷ without, ${connections} connections`,
    value: ratio,
    atLeast: 0.95,
  }));
