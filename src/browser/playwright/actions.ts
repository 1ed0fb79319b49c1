import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page, Request, Response } from 'playwright';
import {
  type Action,
  type Catch,
  type Visit,
  VisitError,
  type VisitReport,
  type Witness,
} from '../engine/browser-engine.types';
import { NavigationError } from './navigation-error';
import type { PageReader } from './page-reader';
import { HTML_OF, LINKS_OF } from './page-scripts';

const STEP_MS = 10_000;
/** A page that goes on loading for ever is read as far as it has come. */
const LOADED_WITHIN_MS = 10_000;
const SETTLED_WITHIN_MS = 5_000;
/** More than that of a step's value becomes an artifact. */
const VALUE_MAX = 8_192;
/** More than that is nobody's answer, and would have to go through the pipe. */
const CATCH_MAX = 33_554_432;
const LINKS_MAX = 1_000;
const CRASH_TOLD_MS = 150;

type Of<Name extends Action['action']> = Extract<Action, { action: Name }>;

/** Does the steps of one visit, one at a time. */
export class Actions {
  /** Rejects when the page, by itself or by a click, goes where it cannot or may not. */
  readonly strayed: Promise<never>;
  /** Then the step itself says what has come of it. */
  private isOpening = false;

  constructor(
    private readonly page: Page,
    private readonly reader: PageReader,
    private readonly visit: Visit,
    private readonly report: VisitReport,
    private readonly witness: Witness,
  ) {
    this.strayed = this.watch();
    this.strayed.catch(() => undefined);
  }

  /** Answers what is to stand in the report, if anything. */
  async perform(action: Action, step: number): Promise<unknown> {
    const timeout = this.patience(action.timeoutMs ?? STEP_MS);
    switch (action.action) {
      case 'goto':
        return this.goto(action);
      case 'wait_for':
        return this.locate(action.selector).waitFor({ state: action.state, timeout });
      case 'click':
        return this.locate(action.selector).click({ timeout });
      case 'fill':
        return this.locate(action.selector).fill(action.value, { timeout });
      case 'press':
        return action.selector === undefined
          ? this.page.keyboard.press(action.key)
          : this.locate(action.selector).press(action.key, { timeout });
      case 'select':
        return void (await this.locate(action.selector).selectOption(action.value, { timeout }));
      case 'scroll':
        return action.selector === undefined
          ? { y: await this.reader.scrollBy(action.y) }
          : this.locate(action.selector).scrollIntoViewIfNeeded({ timeout });
      case 'extract_text':
        return this.keepText(step, 'text', await this.text(action, timeout));
      case 'extract_markdown':
        return this.keepText(step, 'markdown', await this.markdown(action, timeout));
      case 'extract_links':
        return this.keepJson(step, 'links', await this.links(action, timeout));
      case 'screenshot':
        return this.screenshot(action, step, timeout);
      case 'pdf':
        return this.keep(step, { kind: 'pdf', contentType: 'application/pdf', bytes: await this.page.pdf() });
      case 'evaluate':
        return this.keepJson(step, 'value', await this.page.evaluate(action.script));
    }
  }

  /** What is taken when all is done. */
  async capture(): Promise<void> {
    const { text, screenshot, fullPage } = this.visit.capture;
    await this.settle();
    await this.look(text);
    if (screenshot) await this.snapshot(fullPage);
  }

  /** What can still be seen of a page on which something went wrong. */
  async lastLook(): Promise<void> {
    const { text, screenshot } = this.visit.capture;
    await this.look(text);
    if (screenshot) await this.snapshot(false);
  }

  private async goto({ url, timeoutMs }: Of<'goto'>): Promise<unknown> {
    const timeout = this.patience(timeoutMs ?? Infinity);
    const endsAt = performance.now() + timeout;
    const response = await this.open(url, timeout);
    this.report.httpStatus = response?.status() ?? null;
    this.report.isLoaded = null;
    const patience = Math.min(LOADED_WITHIN_MS, (endsAt - performance.now()) / 2);
    this.report.isLoaded = await this.isLoadedWithin(patience);
    return { http_status: this.report.httpStatus, loaded: this.report.isLoaded };
  }

  private async open(url: string, timeout: number): Promise<Response | null> {
    let lastUrl = url;
    const note = (request: Request) => {
      if (this.isOfThePage(request)) lastUrl = request.url();
    };
    this.isOpening = true;
    this.page.on('request', note);
    try {
      const response = await this.page.goto(url, { waitUntil: 'commit', timeout });
      if (response && isOfTheProxy(response)) throw notOpened(null, response.url());
      return response;
    } catch (error) {
      const failure = toNavigationError(error, lastUrl);
      // So it looks when the page has crashed, which is told of a moment later.
      if (failure instanceof NavigationError && /^(aborted|failed)$/.test(failure.reason ?? ''))
        await sleep(CRASH_TOLD_MS);
      throw failure;
    } finally {
      this.page.off('request', note);
      this.isOpening = false;
    }
  }

  private watch(): Promise<never> {
    return new Promise((_, reject) => {
      this.page.on('response', (response) => {
        if (this.isOpening || !this.isOfThePage(response.request()) || !isOfTheProxy(response)) return;
        reject(notOpened(null, response.url()));
      });
      this.page.on('requestfailed', (request) => {
        const reason = reasonIn(request.failure()?.errorText ?? '');
        // Aborted: for another navigation, or since it is a file.
        if (this.isOpening || !this.isOfThePage(request) || reason === null || reason === 'aborted') return;
        reject(notOpened(reason, request.url()));
      });
    });
  }

  private isOfThePage(request: Request): boolean {
    return request.isNavigationRequest() && request.frame() === this.page.mainFrame();
  }

  private async text({ selector }: Of<'extract_text'>, timeout: number): Promise<string> {
    if (selector !== undefined)
      return (await this.locate(selector).innerText({ timeout })).slice(0, this.visit.textMaxBytes);
    await this.settle();
    return (await this.reader.read(this.visit.textMaxBytes)).text;
  }

  private async markdown({ selector }: Of<'extract_markdown'>, timeout: number): Promise<string> {
    await this.settle();
    const max = this.visit.textMaxBytes;
    const html = selector === undefined ? null : await this.locate(selector).evaluate(HTML_OF, max, { timeout });
    return this.reader.markdown(html, max);
  }

  private async links({ selector }: Of<'extract_links'>, timeout: number): Promise<unknown> {
    await this.settle();
    return this.locate(selector ?? ':root').evaluate(LINKS_OF, LINKS_MAX, { timeout });
  }

  private async screenshot({ selector, fullPage }: Of<'screenshot'>, step: number, timeout: number): Promise<void> {
    const bytes =
      selector === undefined
        ? await this.reader.screenshot(fullPage ?? false)
        : await this.locate(selector).screenshot({ timeout });
    await this.keep(step, { kind: 'screenshot', contentType: 'image/png', bytes });
  }

  private async look(withText: boolean): Promise<void> {
    const { title, text, url } = await this.reader.read(withText ? this.visit.textMaxBytes : 0);
    this.report.title = title;
    this.report.finalUrl = url;
    if (withText) this.report.text = text;
  }

  private async snapshot(isWhole: boolean): Promise<void> {
    await this.keep(null, { kind: 'snapshot', contentType: 'image/png', bytes: await this.reader.screenshot(isWhole) });
  }

  private async keepText(step: number, kind: 'text' | 'markdown', text: string): Promise<string> {
    if (Buffer.byteLength(text) <= VALUE_MAX) return text;
    const contentType = kind === 'text' ? 'text/plain; charset=utf-8' : 'text/markdown; charset=utf-8';
    await this.keep(step, { kind, contentType, bytes: Buffer.from(text) });
    return text.slice(0, VALUE_MAX / 4);
  }

  private async keepJson(step: number, kind: 'links' | 'value', value: unknown): Promise<unknown> {
    const json = JSON.stringify(value ?? null);
    if (Buffer.byteLength(json) <= VALUE_MAX) return value;
    await this.keep(step, { kind, contentType: 'application/json', bytes: Buffer.from(json) });
    return null;
  }

  private async keep(step: number | null, caught: Catch): Promise<void> {
    const { byteLength } = caught.bytes;
    if (byteLength > CATCH_MAX) {
      throw new VisitError('artifact_not_kept', `A ${caught.kind} of ${byteLength} bytes is too large to be kept.`);
    }
    await this.witness.caught(step, caught);
  }

  private locate(selector: string): Locator {
    return this.page.locator(selector);
  }

  /** A click may have led elsewhere: what is read then is the new page, not the moment between. */
  private async settle(): Promise<void> {
    await this.isLoadedWithin(Math.min(SETTLED_WITHIN_MS, this.patience(Infinity) / 2));
  }

  private async isLoadedWithin(timeout: number): Promise<boolean> {
    if (this.report.isLoaded === false) return false;
    return this.page.waitForLoadState('load', { timeout: Math.max(1, timeout) }).then(
      () => true,
      (error: Error) => {
        if (error.name === 'TimeoutError') return false;
        throw error;
      },
    );
  }

  /** Zero would mean for ever. */
  private patience(wanted: number): number {
    return Math.max(1, Math.min(wanted, this.visit.deadline - Date.now()));
  }
}

function toNavigationError(error: unknown, url: string): unknown {
  if (error instanceof VisitError) return error;
  const { message } = error as Error;
  if (/Download is starting/.test(message)) {
    return new NavigationError('download_refused', 'It is a file to download, which is refused.', null, url);
  }
  const reason = reasonIn(message);
  return reason === null ? error : notOpened(reason, url);
}

const notOpened = (reason: string | null, url: string): NavigationError =>
  new NavigationError('navigation_failed', 'The page could not be opened.', reason, url);

const reasonIn = (message: string): string | null => /\bnet::ERR_(\w+)/.exec(message)?.[1]!.toLowerCase() ?? null;

/** The proxy's own word for it, which no server can say: it says why there is no answer of theirs. */
const isOfTheProxy = (response: Response): boolean => response.headers()['proxy-status'] !== undefined;
