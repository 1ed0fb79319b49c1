import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import {
  type BrowserStatus,
  TOO_MUCH_MEMORY,
  type Visit,
  VisitError,
  type VisitReport,
  type Witness,
} from '../engine/browser-engine.types';
import { MemoryWatch } from './memory-watch';
import type { LaunchOptions, News, Order, VisitFailure } from './protocol.types';
import { Undertaker, killGroup, killProcess } from './undertaker';

export interface WorkerOptions extends LaunchOptions {
  /** The worker's program. */
  program: string;
  memoryMaxBytes: number;
}

interface Visiting {
  report: VisitReport;
  witness: Witness;
  ended: (failure: VisitFailure | null) => void;
  crashed: (error: VisitError) => void;
}

/** A worker that does not say in time that a visit has ended has lost its right to the others. */
const OVERTIME_MS = 1_400;
const STOP_MS = 1_400;
const LAUNCH_MS = 30_000;
const SAMPLE_MS = 500;
const IDLE_SAMPLES = 10;
const WORKER_HEAP_MB = 512;

/**
 * A browser in a worker process. Whatever becomes of either, its visits end, and nothing of it stays: both are killed as
 * process groups, and should this process die, its undertaker does it.
 */
export class BrowserWorker {
  private readonly logger = new Logger('Browser');
  private readonly startedAt = new Date();
  private readonly folder = mkdtempSync(join(tmpdir(), 'operator-browser-'));
  private readonly child: ChildProcess;
  private readonly visits = new Map<number, Visiting>();
  private readonly undertaker = new Undertaker(this.folder);
  private readonly memory: MemoryWatch;
  private readonly sampler: NodeJS.Timeout;
  private group: number | null = null;
  private version: string | null = null;
  private samples = 0;
  private claims = 0;
  private tasksDone = 0;
  private isRetiring = false;
  private isBroken = false;
  private isExpected = false;

  /** Rejects when there is no browser to be had. */
  readonly ready: Promise<void>;
  /** Resolves with whether it was meant to end. */
  readonly gone: Promise<boolean>;

  constructor({ executablePath, sandbox, program, memoryMaxBytes }: WorkerOptions) {
    this.child = fork(program, [], {
      detached: true,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [`--max-old-space-size=${WORKER_HEAP_MB}`],
      // Nothing of ours: a page that breaks out of its browser finds no token here.
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: this.folder, TMPDIR: this.folder },
    });
    this.memory = new MemoryWatch(this.child.pid ?? 0, memoryMaxBytes);
    if (this.child.pid) this.undertaker.awaitTheEndOf(this.child.pid);
    this.gone = new Promise((resolve) => {
      const settle = () => void this.bury().then(resolve);
      this.child.once('exit', settle);
      this.child.once('error', settle);
    });
    this.ready = this.launched();
    this.ready.catch(() => undefined);
    this.child.on('message', (news: News) => this.hear(news));
    this.tell({ type: 'launch', options: { executablePath, sandbox } });
    this.sampler = setInterval(() => void this.sample(), SAMPLE_MS).unref();
  }

  get isIdle(): boolean {
    return this.claims === 0;
  }

  get isUsable(): boolean {
    return !this.isRetiring && !this.isBroken && this.isAlive;
  }

  status(): BrowserStatus {
    const { group: pid, version, startedAt, claims: running, tasksDone, isRetiring } = this;
    return { pid, version, startedAt, running, tasksDone, memoryBytes: this.memory.bytes, isRetiring };
  }

  /** Stays for one visit more, until `release`. */
  claim(): void {
    this.claims++;
  }

  release(): void {
    this.claims--;
    this.tasksDone++;
    if (this.isRetiring && this.isIdle) this.end();
  }

  /** Ends within two seconds of the deadline, or of the signal, whatever the worker does. */
  async visit(
    visit: Visit,
    proxyUrl: string,
    report: VisitReport,
    witness: Witness,
    signal: AbortSignal,
  ): Promise<VisitFailure | null> {
    const { taskId } = visit;
    const stop = () => {
      this.tell({ type: 'stop', taskId, code: signal.reason instanceof VisitError ? signal.reason.code : 'stopped' });
      setTimeout(() => this.visits.has(taskId) && this.kill('a visit did not stop'), STOP_MS).unref();
    };
    const patience = visit.deadline + OVERTIME_MS - Date.now();
    const overtime = setTimeout(() => this.kill('a visit did not end in time'), patience).unref();
    try {
      return await new Promise<VisitFailure | null>((ended, crashed) => {
        this.visits.set(taskId, { report, witness, ended, crashed });
        if (!this.isAlive) return crashed(gone());
        this.tell({ type: 'visit', visit, proxyUrl });
        if (signal.aborted) stop();
        signal.addEventListener('abort', stop, { once: true });
      });
    } finally {
      clearTimeout(overtime);
      signal.removeEventListener('abort', stop);
      this.visits.delete(taskId);
    }
  }

  /** Takes no more visits, and ends with the last of those it has. */
  retire(): void {
    this.isRetiring = true;
    if (this.isIdle) this.end();
  }

  kill(why: string): void {
    if (!this.isAlive) return;
    this.logger.warn({ event: 'browser:killed', reason: why, pid: this.group });
    for (const group of [this.group, this.child.pid]) killGroup(group);
  }

  private get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  private end(): void {
    this.isExpected = true;
    this.tell({ type: 'exit' });
    // It ends by itself, with the browser, or it is made to.
    setTimeout(() => this.kill('it did not end'), STOP_MS).unref();
  }

  private hear(news: News): void {
    switch (news.type) {
      case 'ready':
      case 'not_launched':
        return;
      case 'step':
        return this.note(news.taskId, (visiting) => {
          Object.assign(visiting.report, news.report);
          return visiting.witness.stepStarts(news.report);
        });
      case 'caught':
        return this.note(news.taskId, ({ witness }) => witness.caught(news.step, news.caught));
      case 'ended': {
        const visiting = this.visits.get(news.taskId);
        if (!visiting) return;
        Object.assign(visiting.report, news.report);
        const { failure } = news;
        if (failure?.code === 'page_crashed' && this.memory.hasJustEndedAPage) failure.reason = TOO_MUCH_MEMORY;
        // It is about to end: until then nobody else is to be sent there.
        if (failure?.code === 'browser_crashed') this.isBroken = true;
        visiting.ended(failure);
      }
    }
  }

  private note(taskId: number, keep: (visiting: Visiting) => Promise<void>): void {
    const visiting = this.visits.get(taskId);
    if (!visiting) return;
    const answer = (error: string | null) => this.tell({ type: 'noted', taskId, error });
    keep(visiting).then(
      () => answer(null),
      (error: Error) => answer(error.message),
    );
  }

  private launched(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new VisitError('browser_unavailable', 'Chromium did not start in time.'));
        this.kill('it did not start');
      }, LAUNCH_MS).unref();
      this.child.on('message', (news: News) => {
        if (news.type === 'ready') {
          this.group = news.group;
          this.version = news.version;
          this.undertaker.awaitTheEndOf(news.group);
          clearTimeout(timer);
          resolve();
        } else if (news.type === 'not_launched') {
          clearTimeout(timer);
          this.isExpected = true;
          this.logger.error({ event: 'browser:not_launched', reason: news.message.slice(0, 2_000) });
          reject(new VisitError('browser_unavailable', explained(news.message)));
          this.kill('it did not start');
        }
      });
      void this.gone.then(() => reject(new VisitError('browser_unavailable', 'The browser’s process ended at once.')));
    });
  }

  /** Nothing of it is left when this resolves. Says whether it was meant to end. */
  private async bury(): Promise<boolean> {
    clearInterval(this.sampler);
    killGroup(this.group);
    killGroup(this.child.pid);
    for (const { crashed } of this.visits.values()) crashed(gone());
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }).catch((error: unknown) => {
      this.logger.warn({ event: 'browser:folder_left', err: error });
    });
    this.undertaker.dismiss();
    return this.isExpected;
  }

  private async sample(): Promise<void> {
    // Looking costs some, and one that is idle does not grow.
    if (this.group === null || (this.isIdle && this.samples++ % IDLE_SAMPLES !== 0)) return;
    const verdict = await this.memory.look(this.isIdle);
    switch (verdict.do) {
      case 'nothing':
        return;
      case 'replace':
        return this.retire();
      case 'end browser':
        return this.kill(verdict.reason);
      case 'end page':
        this.logger.warn({ event: 'browser:page_ended', reason: TOO_MUCH_MEMORY, pid: this.group });
        killProcess(verdict.pid);
    }
  }

  private tell(order: Order): void {
    // A worker that is gone is told nothing; that it is gone is heard elsewhere.
    if (this.child.connected) this.child.send(order, () => undefined);
  }
}

const gone = (): VisitError => new VisitError('browser_crashed', 'The browser’s process ended under the task.');

/** What helps, for the two failures that people meet. */
function explained(message: string): string {
  if (/No usable sandbox|as root without --no-sandbox/.test(message)) {
    return 'Chromium’s sandbox cannot be used here. BROWSER_SANDBOX=false runs it without one.';
  }
  const [, library] = /error while loading shared libraries: (\S+?):/.exec(message) ?? [];
  return library ? `Chromium cannot start: ${library} is missing.` : 'Chromium cannot start; the log says why.';
}
