/**
 * `npm run bench:crash -- [--rounds N] [--seed N] [--recovery fail|retry]`: kills the service at random moments
 * and looks whether it kept its promises.
 *
 * The database lives through all rounds. The seed repeats when the service is killed, not how far it has come by then.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MODEL } from '../support/completion-frames';
import { describeMachine } from '../support/machine';
import { Random } from '../support/random';
import { Service } from '../support/service';
import { table } from '../support/table';
import { type Workspace, inWorkspace } from '../support/workspace';
import { audit } from './audit';
import { Clients } from './clients';
import { FAULTS, type Fault, Findings } from './findings';
import { type Entry, Ledger } from './ledger';
import { readBack } from './readback';
import { type Records, brokenPages, isIncomplete, readRecords, runningTurns } from './records';
import { SHARED_SESSION, StreamingClients } from './streaming-clients';
import { Upstreams } from './upstreams';
import { Watcher } from './watcher';

/** Long enough for a session's first turn, its last one, and everything in between. */
const KILLED_WITHIN_MS = 1_500;
/** How often, and when, the start after a crash is killed as well. */
const START_KILLED_SHARE = 0.1;
const START_KILLED_WITHIN_MS = 1_500;
/** How often the unanswered requests are left to the next round, whose crash hits their retries. */
const CARRIED_OVER_SHARE = 0.25;
const RECOVERY_DEADLINE_MS = 15_000;
const POLL_MS = 20;
const PROGRESS_EVERY = 10;
const SHOWN_FINDINGS = 20;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    recovery: { type: 'string', default: 'fail' },
  },
});
const rounds = wholeNumber('rounds', 1);
const seed = wholeNumber('seed', 0);
const retriesItself = options.recovery === 'retry';

async function bench(workspace: Workspace): Promise<void> {
  const findings = new Findings();
  const ledger = new Ledger();
  const random = new Random(seed);
  const upstreams = await Upstreams.start();
  const clients = new Clients(ledger, findings, new Random(seed + 1));
  const listeners = new StreamingClients(ledger, findings, new Random(seed + 2), upstreams.model);
  const watcher = new Watcher(SHARED_SESSION, ledger, findings);
  const dataDir = workspace.folder('service');
  const file = join(dataDir, 'operator.db');
  let runs = 0;
  const service = () => ({ dataDir, switchUrl: upstreams.url, env: settings(upstreams.url, ++runs) });
  const check = () => {
    const records = readRecords(file);
    audit(records, ledger, upstreams, findings);
    watcher.check(records.events);
  };
  process.stdout.write(`${describeMachine(workspace.dir)}\n`);

  let running = await Service.start(service());
  const settle = (which: (entry: Entry, index: number) => boolean = () => true) =>
    Promise.all([
      clients.retry(running.url, ledger.open('plain').filter(which)),
      listeners.resume(running.url, ledger.open('streamed').filter(which)),
    ]);
  let kills = 0;
  for (let round = 1; round <= rounds; round++) {
    const alreadyRead = ledger.promised.length;
    let isKilled = false;
    watcher.attach(running.url);
    const talking = Promise.all([
      clients.talk(running.url, () => isKilled),
      listeners.talk(running.url, () => isKilled),
    ]);
    await sleep(random.upTo(KILLED_WITHIN_MS));
    isKilled = true;
    await running.kill();
    await talking;
    kills++;

    if (random.chance(START_KILLED_SHARE)) {
      const starting = Service.launch(service());
      await sleep(random.upTo(START_KILLED_WITHIN_MS));
      await starting.kill();
      kills++;
    }
    running = await Service.start(service());

    // Some retries race with the service's own, some come when it has done them.
    if (retriesItself) await settle((_, index) => index % 2 === 0);
    await expectNoneRunning(file, findings);
    check();
    await readBack(running.url, ledger.promised.slice(alreadyRead), findings);

    if (round === rounds || !random.chance(CARRIED_OVER_SHARE)) {
      await settle();
      check();
    }
    if (round % PROGRESS_EVERY === 0) {
      process.stdout.write(`round ${round}: ${ledger.promised.length} turns acknowledged, ${findings.total} faults\n`);
    }
  }
  await readBack(running.url, ledger.promised, findings);
  watcher.attach(running.url);
  await watcher.checkAll(() => readRecords(file).events);
  await running.stop();
  for (const problem of brokenPages(file)) findings.add('mismatched', problem);

  const records = readRecords(file);
  report(findings, [
    ['rounds', `${rounds}`, `TURN_RECOVERY=${options.recovery}, seed ${seed}`],
    ['kills', `${kills}`, 'kill -9, starts included'],
    ['acknowledged', `${ledger.promised.length}`, 'turns answered, with a 200 or event by event'],
    ['retried', `${clients.retried}`, 'requests that a crash left unanswered, all asked again'],
    ['replayed', `${clients.replayed}`, 'of them after their answer was stored'],
    ['told', `${upstreams.heard.size}`, 'turns whose outcome Switch has heard by now'],
    ...streamed(records, ledger, listeners.resumed),
  ]);
  if (findings.total > 0) {
    workspace.isKept = true;
    process.stdout.write(`The database and the log are kept in ${dataDir}\n`);
    process.exitCode = 1;
  }
}

/** Each process of the service has a key of its own, by which the model knows it. */
const settings = (url: string, run: number) => ({
  ENGINE: 'vx11,openai',
  OPENAI_BASE_URL: `${url}/v1`,
  OPENAI_MODEL: MODEL,
  OPENAI_API_KEY: `run-${run}`,
  MADRE_URL: `${url}/module`,
  OUTBOX_MAX: '1000000',
  // Every call of the tool is a look of its own.
  OVERVIEW_TTL_MS: '0',
  TURN_RECOVERY: options.recovery,
});

function streamed({ turns, messages, toolCalls }: Records, ledger: Ledger, resumed: number): string[][] {
  const interrupted = turns.filter(({ attempt }) => attempt > 1).length;
  const partial = messages.filter(({ metadata }) => isIncomplete(metadata)).length;
  const failed = toolCalls.filter(({ status }) => status === 'error').length;
  return [
    ['interrupted', `${interrupted}`, 'turns that a crash caught at work'],
    ['resumed', `${resumed}`, 'streams that it broke, taken up where they were'],
    ['shown', `${ledger.shown.size}`, 'stored events that clients were shown'],
    ['cut off', `${partial}`, 'answers of which the beginning is kept'],
    ['cancelled', `${ledger.cancelled.size}`, 'turns that their clients cancelled'],
    ['tool calls', `${toolCalls.length}`, `of which ${failed} were interrupted or cancelled`],
  ];
}

/** A run of no rounds would find no faults. */
function wholeNumber(option: 'rounds' | 'seed', min: number): number {
  const value = Number(options[option]);
  if (!Number.isSafeInteger(value) || value < min) throw new Error(`--${option} must be a whole number from ${min}`);
  return value;
}

/** At once where recovery closes turns, in a while where it runs them again. */
async function expectNoneRunning(file: string, findings: Findings): Promise<void> {
  const deadline = Date.now() + (retriesItself ? RECOVERY_DEADLINE_MS : 0);
  while (runningTurns(file).length > 0 && Date.now() < deadline) await sleep(POLL_MS);
  for (const turn of runningTurns(file)) findings.add('left running', turn);
}

function report(findings: Findings, figures: string[][]): void {
  const faults = Object.entries(FAULTS).map(([fault, meaning]) => [
    fault,
    `${findings.count(fault as Fault)}`,
    meaning,
  ]);
  process.stdout.write(`\n${table([...figures, ...faults], ['left', 'right', 'left'])}\n`);
  for (const line of findings.list().slice(0, SHOWN_FINDINGS)) process.stdout.write(`${line}\n`);
}

void inWorkspace(bench);
