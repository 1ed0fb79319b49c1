/**
 * What a visit costs with nothing around it: `floor.ts <page> <chromium>`. No queue, no proxy, nothing stored. The round
 * is run in this process, so that nothing of it goes over HTTP but the order: `GET /warm?lanes=1&ms=1000` for one browser
 * that is there already, `/fresh` for one that is started and ended for each task, as the original did.
 */
import { createServer } from 'node:http';
import { type Browser, chromium } from 'playwright';
import { serve } from '../support/processes';
import { keepBusy } from './lanes';
import { expectPage } from './page';

const [page, executablePath] = process.argv.slice(2) as [string, string];
const VIEWPORT = { width: 1280, height: 720 };

const launch = (): Promise<Browser> => chromium.launch({ executablePath });
const browser = launch();

const TASKS: Record<string, () => Promise<void>> = {
  '/warm': async () => visit(await browser),
  '/fresh': async () => {
    const own = await launch();
    await visit(own);
    await own.close();
  },
};

serve(
  createServer(async ({ url }, response) => {
    const { pathname, searchParams } = new URL(url!, 'http://floor');
    const number = (name: string) => Number(searchParams.get(name));
    try {
      if (pathname === '/end') await (await browser).close();
      const task = TASKS[pathname];
      response.end(JSON.stringify(task ? await keepBusy(number('lanes'), number('ms'), task) : null));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }),
);

async function visit(visitor: Browser): Promise<void> {
  const context = await visitor.newContext({ viewport: VIEWPORT });
  const tab = await context.newPage();
  await tab.goto(page);
  expectPage(await tab.title(), await tab.locator('body').innerText());
  await tab.screenshot();
  await context.close();
}
