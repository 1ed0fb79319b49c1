import { join } from 'node:path';
import { Target } from '../chat/load';
import { MAX_CONNECTIONS, type Measured, type ThroughputOptions, measureThroughput } from '../chat/throughput';
import type { Goal } from '../chat/goals';
import { startServer } from '../support/processes';
import { Service } from '../support/service';
import type { Workspace } from '../support/workspace';

const CONNECTIONS = [16, 64];
const WITH = { SWITCH_FEEDBACK: 'true', METRICS: 'open', RATE_LIMIT_POSTS: '10000000' };
const WITHOUT = { SWITCH_FEEDBACK: 'false', METRICS: 'off', RATE_LIMIT_POSTS: '0' };

/** What feedback, metrics and the rate limit cost a chat, traces being off: the same build with and without them. */
export async function measureChatCost(workspace: Workspace, size: ThroughputOptions): Promise<Measured[]> {
  const upstream = await startServer(join(__dirname, '../chat/switch.ts'), []);
  const target = async (name: string, env: Record<string, string>) =>
    new Target(
      name,
      await Service.start({ dataDir: workspace.folder(`chat-${name}`), switchUrl: upstream.url, env }),
      MAX_CONNECTIONS,
    );
  return measureThroughput([await target('with', WITH), await target('without', WITHOUT)], size);
}

export function chatCostGoals(measured: Measured[]): Goal[] {
  const of = (target: string, connections: number) =>
    measured.find((entry) => entry.target === target && entry.connections === connections)!;
  return CONNECTIONS.map((connections) => ({
    name: `chat: turns/s with ÷ without, ${connections} connections`,
    value: of('with', connections).turnsPerSecond / of('without', connections).turnsPerSecond,
    atLeast: 0.95,
  }));
}
