import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Metrics } from '../../common/metrics/metrics.service';
import { CONFIG, type Config } from '../../config/config';
import { EgressService, type Egress } from '../egress/egress.service';
import {
  BrowserEngine,
  type EngineStatus,
  type Visit,
  VisitError,
  type VisitReport,
  type Witness,
} from '../engine/browser-engine.types';
import { BrowserWorker } from './browser-worker';
import { INSTALL_COMMAND, findChromium } from './find-chromium';
import type { VisitFailure } from './protocol.types';

/** The program of a worker. */
export const WORKER_PROGRAM = Symbol('WORKER_PROGRAM');

/** One that nobody wants anything of gives its memory back. */
const IDLE_MS = 10 * 60_000;
/** After it could not be started, it is not tried again for so long. */
const TRY_AGAIN_MS = 5_000;
const CONNECTIONS_MAX = 64;

/** Visits pages with one warm Chromium, which is replaced when it has done enough, has grown too large, or has died. */
@Injectable()
export class PlaywrightEngine extends BrowserEngine implements OnApplicationShutdown {
  readonly name = 'playwright';
  private readonly logger = new Logger('Browser');
  private readonly workers = new Set<BrowserWorker>();
  private current: BrowserWorker | null = null;
  private visitsOfCurrent = 0;
  private idleTimer: NodeJS.Timeout | undefined;
  private trouble: { message: string; at: number } | null = null;
  private readonly countRecycled: (labels: object) => void;
  private readonly countCrashed: (labels: object) => void;
  private recycled = 0;
  private crashed = 0;
  private isClosed = false;

  constructor(
    private readonly egress: EgressService,
    @Inject(WORKER_PROGRAM) private readonly program: string,
    metrics: Metrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    super();
    this.countRecycled = metrics.counter({
      name: 'operator_browser_recycled_total',
      help: 'Browsers that were replaced.',
    });
    this.countCrashed = metrics.counter({
      name: 'operator_browser_crashed_total',
      help: 'Browsers that ended unasked.',
    });
  }

  unavailable(): string | null {
    if (this.trouble && Date.now() - this.trouble.at < TRY_AGAIN_MS) return this.trouble.message;
    return this.executable() === null ? this.missing() : null;
  }

  status(): EngineStatus {
    const browsers = [...this.workers].map((worker) => worker.status());
    return { browsers, recycled: this.recycled, crashed: this.crashed };
  }

  async visit(visit: Visit, report: VisitReport, witness: Witness, signal: AbortSignal): Promise<void> {
    clearTimeout(this.idleTimer);
    const worker = this.take();
    let egress: Egress | undefined;
    try {
      egress = await this.egress.open({ ...visit.egress, connections: CONNECTIONS_MAX });
      await this.started(worker, visit, signal);
      const over = overBudget(egress);
      const ends = AbortSignal.any([signal, over]);
      const failure = await worker.visit(visit, egress.proxyUrl, report, witness, ends);
      if (over.aborted && !signal.aborted) throw over.reason as VisitError;
      if (failure) throw explained(failure, egress);
    } finally {
      worker.release();
      this.rest();
      report.egress = egress?.report() ?? null;
      await egress?.end();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.idleTimer);
    const workers = [...this.workers];
    for (const worker of workers) worker.retire();
    await Promise.all(workers.map(({ gone }) => gone));
  }

  /** A browser that takes long to start takes it from the visit's time. */
  private async started(worker: BrowserWorker, { deadline }: Visit, signal: AbortSignal): Promise<void> {
    const ready = worker.ready.then(
      () => (this.trouble = null),
      (error: Error) => {
        this.trouble = { message: error.message, at: Date.now() };
        throw error;
      },
    );
    await before(deadline, signal, ready);
  }

  /** The one for a new visit. Its last one starts its successor, so that nobody has to wait for that. */
  private take(): BrowserWorker {
    if (!this.current?.isUsable) this.current = this.start();
    const worker = this.current;
    worker.claim();
    if (++this.visitsOfCurrent < this.config.browser.recycleTasks) return worker;
    worker.retire();
    this.recycled++;
    this.countRecycled({});
    this.current = this.start();
    return worker;
  }

  private start(): BrowserWorker {
    const executablePath = this.executable();
    if (executablePath === null) throw new VisitError('browser_unavailable', this.missing());
    const { sandbox, memoryMaxBytes } = this.config.browser;
    const worker = new BrowserWorker({ executablePath, sandbox, memoryMaxBytes, program: this.program });
    this.workers.add(worker);
    this.visitsOfCurrent = 0;
    void worker.gone.then((wasExpected) => {
      this.workers.delete(worker);
      if (this.current === worker) this.current = null;
      if (wasExpected || this.isClosed) return;
      this.crashed++;
      this.countCrashed({});
      this.logger.error({ event: 'browser:crashed' });
    });
    return worker;
  }

  private rest(): void {
    if ([...this.workers].some(({ isIdle }) => !isIdle)) return;
    this.idleTimer = setTimeout(() => this.current?.retire(), IDLE_MS).unref();
  }

  private executable(): string | null {
    return findChromium(this.config.browser.executablePath);
  }

  private missing(): string {
    const { executablePath } = this.config.browser;
    return executablePath === null
      ? `There is no Chromium on this machine. “${INSTALL_COMMAND}” installs one.`
      : 'BROWSER_EXECUTABLE_PATH names no program that can be run.';
  }
}

function before<T>(deadline: number, signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new VisitError('stopped', 'It was told to stop.'));
    const late = () => reject(new VisitError('deadline_exceeded', 'The browser took too long to start.'));
    const timer = setTimeout(late, Math.max(0, deadline - Date.now()));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    });
  });
}

/** A page that is cut off is no page: aborted, with the error that says so, when the budget is spent. */
function overBudget({ exhausted }: Egress): AbortSignal {
  const over = new AbortController();
  const cut = () => {
    const budget = String(exhausted.reason);
    const message = `The page wanted more than the task may have: ${budget.replace('_', ' ')}.`;
    over.abort(new VisitError('over_budget', message, budget));
  };
  if (exhausted.aborted) cut();
  exhausted.addEventListener('abort', cut, { once: true });
  return over.signal;
}

/** What the browser calls a broken tunnel, the proxy knows by name. */
function explained({ code, message, reason, url }: VisitFailure, egress: Egress): Error {
  if (code === null) return new Error(message);
  const known = code === 'navigation_failed' && url !== null ? egress.troubleWith(url) : null;
  if (!known) return new VisitError(code, withReason(message, reason), reason);
  return known.isRefusal
    ? new VisitError('url_not_allowed', withReason('The browser may not open this URL', known.reason), known.reason)
    : new VisitError('navigation_failed', withReason('The page could not be opened', known.reason), known.reason);
}

const withReason = (message: string, reason: string | null): string =>
  reason === null ? message : `${message.replace(/\.$/, '')}: ${reason.replaceAll('_', ' ')}.`;
