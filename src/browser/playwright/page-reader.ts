import type { CDPSession, Page } from 'playwright';
import { MARKDOWN, READ, SCROLL_BY, libraries } from './page-scripts';

/** Chromium paints no more than that at once, and what it paints it holds in memory, four bytes a pixel. */
const SIDE_MAX = 16_384;
const PIXELS_MAX = 40_000_000;

/**
 * Reads a page from a world of its own: the same document, and none of the page's scripts, which may have replaced
 * whatever a reader would call. Asks the browser directly, since the library would first put a program of its own into
 * every page, which takes longer than the reading.
 */
export class PageReader {
  private constructor(private readonly session: CDPSession) {}

  static async of(page: Page): Promise<PageReader> {
    return new PageReader(await page.context().newCDPSession(page));
  }

  async read(textMax: number): Promise<{ title: string; text: string; url: string }> {
    return this.evaluate(await this.world(), READ(textMax));
  }

  /** Of the page's article, or of the HTML that is given. */
  async markdown(html: string | null, max: number): Promise<string> {
    const world = await this.world();
    await this.evaluate(world, `${libraries()}; 0`);
    return this.evaluate(world, MARKDOWN(html, max));
  }

  /** Answers how far down the page is then. */
  async scrollBy(y: number | undefined): Promise<number> {
    return this.evaluate(await this.world(), SCROLL_BY(y));
  }

  /** PNG of what is seen, or of the whole page. */
  async screenshot(isWhole: boolean): Promise<Buffer> {
    const clip = isWhole ? await this.wholePage() : undefined;
    const { data } = await this.session.send('Page.captureScreenshot', {
      format: 'png',
      optimizeForSpeed: true,
      ...(clip && { clip, captureBeyondViewport: true }),
    });
    return Buffer.from(data, 'base64');
  }

  private async wholePage() {
    const { cssContentSize } = await this.session.send('Page.getLayoutMetrics');
    const width = Math.min(cssContentSize.width, SIDE_MAX);
    const height = Math.min(cssContentSize.height, SIDE_MAX, Math.floor(PIXELS_MAX / width));
    return { x: 0, y: 0, width, height, scale: 1 };
  }

  private async world(): Promise<number> {
    const { frameTree } = await this.session.send('Page.getFrameTree');
    const { executionContextId } = await this.session.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'operator',
    });
    return executionContextId;
  }

  private async evaluate<T>(contextId: number, expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.session.send('Runtime.evaluate', {
      contextId,
      expression,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value as T;
  }
}
