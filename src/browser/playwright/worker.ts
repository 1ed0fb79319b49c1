import { readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { type Browser, chromium } from 'playwright';
import { VisitError, type Witness, emptyReport } from '../engine/browser-engine.types';
import { NavigationError } from './navigation-error';
import type { LaunchOptions, News, Order, VisitFailure } from './protocol.types';
import { crashOf } from './crash';
import { visitPage } from './visit-page';

/**
 * A browser and the library that drives it, in a process of their own. What a page says to its browser comes through
 * here, console messages of hundreds of megabytes too, which no listener can refuse: they end this process, and no other.
 */

/**
 * Whoever asks the service for something is served before pages are. Where the kernel groups processes by session, what
 * a process is told counts within its session only, and its session is told besides.
 */
const NICE = 5;
const SESSION_NICE = 10;

const SWITCHES = [
  // UDP goes past every proxy: what would use it must not. The whole Chromium listens to the first, the headless one to
  // the second, and either to nothing else.
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--disable-quic',
  // Names are the proxy's business. Without this Chromium would look some up by itself, to be faster.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
  '--dns-prefetch-disable',
  '--no-pings',
  '--disable-domain-reliability',
  '--disable-sync',
];
/** Of what belongs to no task. Nobody listens on the port of “discard”. */
const NO_WAY_OUT = { server: 'http://127.0.0.1:9' };

const send = (news: News): void => void process.send!(news);

interface Running {
  stop: AbortController;
  /** Of what was last told; the next is told after it, so that each gets its own answer. */
  noted: (error: string | null) => void;
}

class Visits {
  private readonly running = new Map<number, Running>();

  constructor(private readonly browser: Browser) {}

  async run({ visit, proxyUrl }: Extract<Order, { type: 'visit' }>): Promise<void> {
    const { taskId } = visit;
    const stop = new AbortController();
    const entry: Running = { stop, noted: () => undefined };
    this.running.set(taskId, entry);
    let last: Promise<unknown> = Promise.resolve();
    const tell = (news: News) =>
      new Promise<void>((resolve, reject) => {
        entry.noted = (error) => (error === null ? resolve() : reject(new VisitError('artifact_not_kept', error)));
        send(news);
      });
    const note = (news: News): Promise<void> => {
      const told = last.then(() => tell(news));
      last = told.catch(() => undefined);
      return told;
    };
    const witness: Witness = {
      stepStarts: async (report) => void (visit.tellsSteps && (await note({ type: 'step', taskId, report }))),
      caught: (step, caught) => note({ type: 'caught', taskId, step, caught }),
    };
    const report = emptyReport();
    const failure = await this.outcome(visitPage(this.browser, visit, proxyUrl, report, witness, stop.signal));
    this.running.delete(taskId);
    send({ type: 'ended', taskId, report, failure });
  }

  stop(taskId: number, code: VisitError['code']): void {
    this.running.get(taskId)?.stop.abort(new VisitError(code, 'It was told to stop.'));
  }

  noted(taskId: number, error: string | null): void {
    this.running.get(taskId)?.noted(error);
  }

  private async outcome(visiting: Promise<void>): Promise<VisitFailure | null> {
    try {
      await visiting;
      return null;
    } catch (error) {
      const url = error instanceof NavigationError ? error.url : null;
      const known = error instanceof VisitError ? error : crashOf(error);
      if (known) return { code: known.code, message: known.message, reason: known.reason, url };
      return { code: null, message: String((error as Error).stack ?? error), reason: null, url: null };
    }
  }
}

async function launch({ executablePath, sandbox }: LaunchOptions): Promise<Visits> {
  const browser = await chromium.launch({
    executablePath,
    chromiumSandbox: sandbox,
    proxy: NO_WAY_OUT,
    args: SWITCHES,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    timeout: 20_000,
  });
  browser.once('disconnected', () => process.exit(1));
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const pid = processInfo.find(({ type }) => type === 'browser')!.id;
  const group = processGroup(pid);
  standBack(group);
  send({ type: 'ready', group, version: browser.version() });
  return new Visits(browser);
}

/** As root Chromium gives itself precedence over all others. */
function standBack(session: number): void {
  try {
    writeFileSync(`/proc/${session}/autogroup`, String(SESSION_NICE));
  } catch {
    // There is no such thing here.
  }
}

/** Distributions start Chromium by a script: then that leads its group. */
function processGroup(pid: number): number {
  try {
    const [, group] = /\) \S+ \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
    return Number(group);
  } catch {
    return pid;
  }
}

// Nobody is there to be told: the browser ends with the pipe to it.
process.once('disconnect', () => process.exit(1));
setPriority(NICE);

let visits: Promise<Visits>;
process.on('message', (order: Order) => {
  switch (order.type) {
    case 'launch':
      visits = launch(order.options);
      visits.catch((error: Error) => {
        send({ type: 'not_launched', message: error.message });
      });
      return;
    case 'visit':
      return void visits.then((all) => all.run(order));
    case 'stop':
      return void visits.then((all) => all.stop(order.taskId, order.code));
    case 'noted':
      return void visits.then((all) => all.noted(order.taskId, order.error));
    case 'exit':
      process.exit(0);
  }
});
