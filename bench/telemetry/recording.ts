import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Goal } from '../chat/goals';
import { Target, type User } from '../chat/load';
import {
  CONNECTIONS,
  MAX_CONNECTIONS,
  type Measured,
  type ThroughputOptions,
  measureThroughput,
} from '../chat/throughput';
import { Client, expectOk } from '../support/client';
import { startServer } from '../support/processes';
import { Service, TOKEN } from '../support/service';
import type { Workspace } from '../support/workspace';

const AT = "'2026-11-23 09:30:00.000000'";
const SERVICE = 'operator';
const FLOOR = 'floor';

/** Whoever runs tools for a message, and reports one after the other. */
class Reporter implements User {
  private readonly client: Client;
  private calls = 0;

  constructor(
    url: string,
    private readonly messageId: number,
  ) {
    this.client = new Client(url, 1);
  }

  async turn(): Promise<void> {
    const call = {
      message_id: this.messageId,
      call_id: `call-${++this.calls}`,
      tool_name: 'browser',
      status: 'ok',
      duration_ms: this.calls % 1_000,
      result: { title: 'Example Domain', url: 'https://example.com', links: 1 },
    };
    const answer = await this.client.post('/operator/tool/call', JSON.stringify(call));
    const { id } = expectOk<{ id?: number }>(answer, 201);
    if (!id) throw new Error('A call without an id.');
  }
}

/** What it costs to record a tool call, next to what it would cost with nothing around it. */
export async function measureRecording(workspace: Workspace, size: ThroughputOptions): Promise<Measured[]> {
  const dataDir = workspace.folder('recording');
  const start = () => Service.start({ dataDir, switchUrl: 'http://127.0.0.1:9', env: { RATE_LIMIT_POSTS: '0' } });
  await (await start()).stop();
  const [file, floorFile] = [join(dataDir, 'operator.db'), join(workspace.dir, 'recording-floor.db')];
  writeMessages(file, floorFile);

  const service = await start();
  const floor = await startServer(join(__dirname, 'floor.ts'), [TOKEN, floorFile]);
  const reporter = (url: string, index: number) => new Reporter(url, index + 1);
  const targets = [
    new Target(SERVICE, service, MAX_CONNECTIONS, reporter),
    new Target(FLOOR, floor, MAX_CONNECTIONS, reporter),
  ] as const;
  const measured = await measureThroughput([...targets], size);
  await service.stop();
  for (const [{ name, turns }, path] of [[targets[0], file] as const, [targets[1], floorFile] as const]) {
    const rows = countCalls(path);
    if (rows !== turns) throw new Error(`The ${name} has ${rows} rows of ${turns} calls.`);
  }
  return measured;
}

export function recordingGoals(measured: Measured[]): Goal[] {
  const of = (target: string, connections: number) =>
    measured.find((entry) => entry.target === target && entry.connections === connections)!;
  return CONNECTIONS.map((connections) => ({
    name: `tool calls/s ÷ ${FLOOR}, ${connections} connections`,
    value: of(SERVICE, connections).turnsPerSecond / of(FLOOR, connections).turnsPerSecond,
    atLeast: 0.5,
  }));
}

/** A message for each reporter, in the service's database and in a copy of it. */
function writeMessages(file: string, copy: string): void {
  const database = new Sqlite(file);
  database.exec(`INSERT INTO operator_session (session_id, created_at, updated_at) VALUES ('recording', ${AT}, ${AT})`);
  const insert = database.prepare(
    `INSERT INTO operator_message (id, session_id, role, content, created_at) VALUES (?, 'recording', 'user', 'x', ${AT})`,
  );
  for (let id = 1; id <= MAX_CONNECTIONS; id++) insert.run(id);
  database.prepare('VACUUM INTO ?').run(copy);
  database.close();
}

function countCalls(file: string): number {
  const database = new Sqlite(file, { readonly: true });
  const count = database.prepare('SELECT COUNT(*) FROM operator_tool_call').pluck().get() as number;
  database.close();
  return count;
}
