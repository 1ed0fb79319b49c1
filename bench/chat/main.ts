/** `npm run bench:chat -- [--quick] [--check]`: what a turn costs, next to what it would cost with nothing around it. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Sqlite from 'better-sqlite3';
import { describeMachine } from '../support/machine';
import { startServer } from '../support/processes';
import { Service, TOKEN } from '../support/service';
import { type Workspace, inWorkspace } from '../support/workspace';
import { describeGoals, isReached } from './goals';
import { Target } from './load';
import { measureLongSessions } from './long-sessions';
import { measureMemory } from './memory';
import { MAX_CONNECTIONS, describeThroughput, measureThroughput, throughputGoals } from './throughput';

const { quick, check } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
}).values;

const SIZE = quick
  ? { rounds: 3, roundMs: 300, warmUpTurns: 400, pairs: 60, earlyTurns: 1_000, lateTurns: 2_500 }
  : { rounds: 5, roundMs: 1_500, warmUpTurns: 2_000, pairs: 400, earlyTurns: 2_000, lateTurns: 20_000 };
const MEMORY_CONNECTIONS = 16;

async function bench(workspace: Workspace): Promise<void> {
  process.stdout.write(`${describeMachine(workspace.dir)}\n`);
  if (quick) process.stdout.write('A quick run: too short for figures to quote.\n');

  const upstream = await startServer(join(__dirname, 'switch.ts'), []);
  const dataDir = workspace.folder('service');
  const service = await Service.start({ dataDir, switchUrl: upstream.url });
  const database = join(dataDir, 'operator.db');
  const floorDatabase = join(workspace.dir, 'floor.db');
  copySchema(database, floorDatabase);
  const storing = await startServer(join(__dirname, 'floor.ts'), [upstream.url, TOKEN, floorDatabase]);
  const bare = await startServer(join(__dirname, 'floor.ts'), [upstream.url, TOKEN]);

  const targets = {
    operator: new Target('operator', service, MAX_CONNECTIONS),
    storing: new Target('floor (a)', storing, MAX_CONNECTIONS),
    bare: new Target('floor (b)', bare, MAX_CONNECTIONS),
  };
  const throughput = await measureThroughput(Object.values(targets), SIZE);
  assertSameRows(targets.operator, database, targets.storing, floorDatabase);
  process.stdout.write(`\n${describeThroughput(throughput)}\n`);
  process.stdout.write('(a) stores the same rows as durably, (b) stores nothing; both are bare node:http.\n');

  const goals = throughputGoals(throughput, targets.operator.name, targets.storing.name);
  goals.push(...(await measureLongSessions(service.url, database, SIZE.pairs)));
  await service.stop();

  const fresh = await Service.start({ dataDir: workspace.folder('memory'), switchUrl: upstream.url });
  const target = new Target('operator', fresh, MEMORY_CONNECTIONS);
  goals.push(await measureMemory(target, SIZE.earlyTurns, SIZE.lateTurns));
  process.stdout.write(`\n${describeGoals(goals)}\n`);

  if (check && !goals.every(isReached)) process.exitCode = 1;
}

/** The service's own tables, indexes and keys, before anything is in them. */
function copySchema(from: string, to: string): void {
  const database = new Sqlite(from, { readonly: true });
  database.prepare('VACUUM INTO ?').run(to);
  database.close();
}

/** A floor that stores less than the service would be no floor. */
function assertSameRows(service: Target, database: string, floor: Target, floorDatabase: string): void {
  const [ours, theirs] = [rowsPerTurn(database, service.turns), rowsPerTurn(floorDatabase, floor.turns)];
  if (ours !== theirs) throw new Error(`The service stores ${ours} a turn, the floor ${theirs}.`);
}

function rowsPerTurn(file: string, turns: number): string {
  const database = new Sqlite(file, { readonly: true });
  const count = (table: string) => database.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get() as number;
  const sessions = count('operator_session');
  const rows = [
    `${count('operator_turn') / turns} turns`,
    `${count('operator_message') / turns} messages`,
    // The first event of a session is not a turn's.
    `${(count('operator_event') - sessions) / turns} events`,
  ];
  database.close();
  return rows.join(', ');
}

void inWorkspace(bench);
