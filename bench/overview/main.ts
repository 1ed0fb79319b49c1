/** `npm run bench:overview -- [--quick] [--check]`: what an overview costs, cold and warm. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Goal, describeGoals, isReached } from '../chat/goals';
import { Target, type User } from '../chat/load';
import {
  CONNECTIONS,
  MAX_CONNECTIONS,
  type Measured,
  THROUGHPUT_FROM,
  describeThroughput,
  measureThroughput,
} from '../chat/throughput';
import { Client, expectOk } from '../support/client';
import { describeMachine } from '../support/machine';
import { startServer } from '../support/processes';
import { Service } from '../support/service';
import { median, timedAsync } from '../support/statistics';
import { type Workspace, inWorkspace } from '../support/workspace';
import { MODULES, SLOWEST } from './answers';

const { quick, check } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
}).values;

const SIZE = quick
  ? { starts: 2, rounds: 2, roundMs: 300, warmUpTurns: 400 }
  : { starts: 7, rounds: 5, roundMs: 1_500, warmUpTurns: 4_000 };
const ROUNDS_A_START = 5;
const OVERVIEW = '/operator/vx11/overview';
/** The floor starts in a folder of its own, from where it would not be found. */
const TSCONFIG = resolve(__dirname, '../../tsconfig.json');

interface Overview {
  status: string;
  healthy_modules: number;
  total_modules: number;
}

async function bench(workspace: Workspace): Promise<void> {
  process.stdout.write(`${describeMachine(workspace.dir)}\n`);
  if (quick) process.stdout.write('A quick run: too short for figures to quote.\n');

  const { url } = await startServer(join(__dirname, 'upstreams.ts'), []);
  const start = (name: string, options: { main?: string; env?: Record<string, string> } = {}) =>
    Service.start({
      ...options,
      dataDir: workspace.folder(name),
      switchUrl: `${url}/switch`,
      env: {
        ...Object.fromEntries(MODULES.map((name) => [`${name.toUpperCase()}_URL`, `${url}/${name}`])),
        ...options.env,
      },
    });

  const slowestMs = await timeSlowest(url);
  const first: number[] = [];
  const later: number[] = [];
  for (let index = 0; index < SIZE.starts; index++) {
    // Nothing is kept, so that every request makes a round.
    const service = await start(`cold-${index}`, { env: { OVERVIEW_TTL_MS: '0' } });
    first.push(await timedAsync(() => overview(service.url)));
    for (let round = 0; round < ROUNDS_A_START; round++) later.push(await timedAsync(() => overview(service.url)));
    await service.stop();
  }
  process.stdout.write(`\nslowest upstream ${ms([slowestMs])}; nothing kept: `);
  process.stdout.write(`${ms(first)} as the first request of a process, ${ms(later)} later\n`);

  const service = await start('warm');
  const body = await overview(service.url);
  const floor = await start('floor', {
    main: join(__dirname, 'floor.ts'),
    env: { FLOOR_BODY: body, TSX_TSCONFIG_PATH: TSCONFIG },
  });
  const targets = [
    new Target('overview', service, MAX_CONNECTIONS, (at) => new Reader(at, OVERVIEW, body.length)),
    new Target('constant', floor, MAX_CONNECTIONS, (at) => new Reader(at, '/operator/constant', body.length)),
  ];
  const measured = await measureThroughput(targets, SIZE);
  process.stdout.write(`\nwarm, ${body.length} bytes\n${describeThroughput(measured, 'request')}\n`);

  const goals: Goal[] = [
    { name: 'cold ÷ slowest upstream, first request of a process', value: median(first) / slowestMs, atMost: 1.3 },
    { name: 'cold ÷ slowest upstream, later', value: median(later) / slowestMs, atMost: 1.3 },
    ...warmGoals(measured),
  ];
  process.stdout.write(`\n${describeGoals(goals)}\n`);
  if (check && !goals.every(isReached)) process.exitCode = 1;
}

const ms = (durations: number[]): string => `${median(durations).toFixed(1)} ms`;

/** Reads the same path over and over. */
class Reader implements User {
  private readonly client: Client;

  constructor(
    url: string,
    private readonly path: string,
    private readonly bytes: number,
  ) {
    this.client = new Client(url, 1);
  }

  async turn(): Promise<void> {
    const { status, body } = await this.client.get(this.path);
    // An overview that is refreshed meanwhile tells of other latencies, and may be some digits shorter or longer.
    if (status !== 200 || Math.abs(body.length - this.bytes) > 50) throw new Error(`${this.path}: ${status} ${body}`);
  }
}

async function timeSlowest(url: string): Promise<number> {
  const client = new Client(url, 1);
  const durations: number[] = [];
  for (let index = 0; index < 10; index++) durations.push(await timedAsync(() => client.get(SLOWEST.path)));
  client.close();
  return median(durations);
}

/** The answer's text. Throws unless all ten modules are well. */
async function overview(url: string): Promise<string> {
  const client = new Client(url, 1);
  const answer = await client.get(OVERVIEW);
  client.close();
  const { status, healthy_modules, total_modules } = expectOk<Overview>(answer);
  if (`${status} ${healthy_modules} ${total_modules}` !== 'ok 10 10') throw new Error(answer.body);
  return answer.body;
}

function warmGoals(measured: Measured[]): Goal[] {
  const of = (target: string, connections: number) =>
    measured.find((entry) => entry.target === target && entry.connections === connections)!.turnsPerSecond;
  return CONNECTIONS.filter((connections) => connections >= THROUGHPUT_FROM).map((connections) => ({
    name: `warm: requests/s ÷ constant, ${connections} connections`,
    value: of('overview', connections) / of('constant', connections),
    atLeast: 0.6,
  }));
}

void inWorkspace(bench);
