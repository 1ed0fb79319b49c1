import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright';
import { type Action, type Visit, VisitError, type VisitReport, type Witness } from '../engine/browser-engine.types';
import { Actions } from './actions';
import { crashOf } from './crash';
import { NavigationError } from './navigation-error';
import { PageReader } from './page-reader';

const VIEWPORT = { width: 1280, height: 720 };
/** What is left of the two seconds that a visit may outlast its deadline. */
const LAST_LOOK_MS = 500;
const CLOSE_MS = 500;
const STUCK_MS = 5_000;
/** A page that opens more is not looked at any longer: each takes a process, and all of the processor. */
const POPUPS_MAX = 20;
/** `chrome-error:` is how Chromium shows that it could not go where it was led, of which others tell why. */
const PAGE_SCHEMES = /^(https?:|about:blank|about:srcdoc|chrome-error:)/;

/** One visit in a context of its own, which shares nothing with others and is gone afterwards. */
export async function visitPage(
  browser: Browser,
  visit: Visit,
  proxyUrl: string,
  report: VisitReport,
  witness: Witness,
  stop: AbortSignal,
): Promise<void> {
  const ends = Promise.race([aborted(stop), passed(visit.deadline)]);
  ends.catch(() => undefined);
  const opening = browser.newContext({
    proxy: { server: proxyUrl },
    serviceWorkers: 'block',
    acceptDownloads: false,
    viewport: VIEWPORT,
  });
  try {
    const { page, reader, broken } = await Promise.race([openTab(opening, report), ends]);
    const actions = new Actions(page, reader, visit, report, witness);
    try {
      await Promise.race([playAll(visit, actions, report, witness), actions.strayed, broken, ends]);
    } catch (error) {
      // What its steps still do, on a page that is being closed, is not what happened.
      report.steps = structuredClone(report.steps);
      if (isWorthALook(error)) {
        await Promise.race([actions.lastLook(), sleep(LAST_LOOK_MS), broken]).catch(() => undefined);
      }
      throw error;
    }
  } finally {
    await leave(opening);
  }
}

async function openTab(opening: Promise<BrowserContext>, report: VisitReport) {
  const context = await opening;
  const page = await context.newPage();
  const broken = watch(context, page, report);
  return { page, broken, reader: await PageReader.of(page) };
}

/** A browser that cannot close a page any more can do nothing else either: it is given up, with all that is in it. */
async function leave(opening: Promise<BrowserContext>): Promise<void> {
  const closed = opening.then((context) => context.close()).catch(() => undefined);
  const stuck = setTimeout(() => process.exit(1), STUCK_MS);
  void closed.then(() => clearTimeout(stuck));
  await Promise.race([closed, sleep(CLOSE_MS)]);
}

async function playAll(visit: Visit, actions: Actions, report: VisitReport, witness: Witness): Promise<void> {
  const beganAt = performance.now();
  for (const [index, action] of visit.steps.entries()) {
    const startedMs = Math.round(performance.now() - beganAt);
    const step: VisitReport['steps'][number] = {
      action: action.action,
      status: 'running',
      startedMs,
      durationMs: null,
      error: null,
      value: null,
    };
    report.steps.push(step);
    await witness.stepStarts(report);
    try {
      step.value = (await actions.perform(action, index)) ?? null;
      step.status = 'done';
    } catch (error) {
      step.status = 'error';
      const failure = toVisitError(action, error);
      step.error = failure.message;
      throw failure;
    } finally {
      step.durationMs = Math.round(performance.now() - beganAt) - startedMs;
    }
  }
  await actions.capture();
}

/** Rejects when the page ends, goes where no page may, or opens windows without end. Counts what it tries besides. */
function watch(context: BrowserContext, page: Page, report: VisitReport): Promise<never> {
  const broken = new Promise<never>((_, reject) => {
    page.once('crash', () => reject(new VisitError('page_crashed', 'The page crashed.')));
    page.on('framenavigated', (frame) => {
      const url = frame.url();
      if (frame !== page.mainFrame() || PAGE_SCHEMES.test(url)) return;
      reject(new NavigationError('url_not_allowed', 'The page went to a URL that may not be opened.', 'scheme', url));
    });
    context.on('page', (other) => {
      if (other === page) return;
      other.close().catch(() => undefined);
      if (++report.popups > POPUPS_MAX) reject(new VisitError('over_budget', 'The page opened too many windows.'));
    });
    context.once('close', () => reject(new VisitError('browser_crashed', 'The browser closed the page.')));
  });
  page.on('download', () => report.downloads++);
  page.on('dialog', (dialog) => {
    report.dialogs++;
    dialog.dismiss().catch(() => undefined);
  });
  broken.catch(() => undefined);
  return broken;
}

function toVisitError(action: Action, error: unknown): VisitError {
  const known = error instanceof VisitError ? error : crashOf(error);
  if (known) return known;
  const [line = ''] = String((error as Error).message)
    .replace(/\u001b\[\d+m/g, '')
    .split('\n');
  const what = line.replace(/^[\w.]+: /, '').slice(0, 500) || 'It failed.';
  return new VisitError('step_failed', `${action.action}: ${what}`);
}

/** When time is over, or a step has failed, the page is often there to be seen all the same. */
const isWorthALook = (error: unknown): boolean =>
  error instanceof VisitError &&
  ['step_failed', 'deadline_exceeded', 'over_budget', 'artifact_not_kept'].includes(error.code);

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

async function passed(deadline: number): Promise<never> {
  await sleep(Math.max(0, deadline - Date.now()));
  throw new VisitError('deadline_exceeded', 'The time for it was over.');
}
