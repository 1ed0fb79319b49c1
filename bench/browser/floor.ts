/**
 * What a visit costs with nothing around it: `floor.ts <page> <chromium> [<whole chromium>]`. No queue, no proxy, nothing
 * stored. The round is run in this process, so that nothing of it goes over HTTP but the order: `GET /warm?lanes=1&ms=1000`
 * for one browser that is there already, `/fresh` for one that is started and ended for each task, `/original` for the
 * whole Chromium so, as the original had it.
 */
import { createServer } from 'node:http';
import { type Browser, chromium } from 'playwright';
import { serve } from '../support/processes';
import { keepBusy } from './lanes';
import { expectPage } from './page';

const [page, executablePath, whole] = process.argv.slice(2) as [string, string, string?];
const VIEWPORT = { width: 1280, height: 720 };

const launch = (program = executablePath): Promise<Browser> => chromium.launch({ executablePath: program });
const browser = launch();

const TASKS: Record<string, () => Promise<void>> = {
  '/warm': async () => visit(await browser),
  '/fresh': () => visitOnce(executablePath),
  '/original': () => visitOnce(whole!),
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

async function visitOnce(program: string): Promise<void> {
  const own = await launch(program);
  await visit(own);
  await own.close();
}

async function visit(visitor: Browser): Promise<void> {
  const context = await visitor.newContext({ viewport: VIEWPORT });
  const tab = await context.newPage();
  await tab.goto(page);
  expectPage(await tab.title(), await tab.locator('body').innerText());
  await tab.screenshot();
  await context.close();
}
