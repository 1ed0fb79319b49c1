import type { RequestListener, ServerResponse } from 'node:http';

const TRICKLE_MS = 20;
const DOWNLOAD_CHUNK = Buffer.alloc(64 * 1_024, 'x');

/** A message to whoever drives the browser. */
export const SHOUT = '/shout';
/** Keeps a page from having loaded, so that it is left alone for a while. */
const SILENT = '/silent';

const html =
  (body: string): RequestListener =>
  (_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><title>Hostile</title>${body}`);
  };
const script = (code: string): RequestListener =>
  html(`<h1>before</h1><script>${code}</script><h1>after</h1><img src="${SILENT}">`);

/** Pages that want more than they should get, by their path. */
export const HOSTILE_PAGES: Record<string, RequestListener> = {
  '/loop': script('for (;;) {}'),
  '/alerts': script('for (;;) alert("Look at me")'),
  '/popups': script('setInterval(() => { for (let i = 0; i < 20; i++) open("/?" + Math.random()); }, 5)'),
  '/endless': (_, response) => {
    response.setHeader('content-type', 'text/html').write('<!doctype html><title>Endless</title><h1>So far</h1>');
    trickle(response, '<!-- more -->');
  },
  '/download': (_, response) => {
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="endless.bin"',
    });
    trickle(response, DOWNLOAD_CHUNK);
  },
  // 300 MB, written to, so that they are there.
  '/hog': script(`const all = [];
    const timer = setInterval(() => all.push(new Uint8Array(20e6).fill(1)) < 15 || clearInterval(timer), 10)`),
  [SHOUT]: script('console.log("\\u0001".repeat(100e6))'),
  '/circle': (_, response) => void response.writeHead(302, { location: '/circle' }).end(),
  '/nodes': html(`<ul>${'<li>one</li>'.repeat(10_000)}</ul>`),
};

/** What they ask for besides. */
export const HOSTILE_ANSWERS: Record<string, RequestListener> = { ...HOSTILE_PAGES, [SILENT]: () => undefined };

/** Goes on until nobody listens. */
function trickle(response: ServerResponse, text: string | Buffer): void {
  const timer = setInterval(() => !response.writableNeedDrain && response.write(text), TRICKLE_MS);
  response.once('close', () => clearInterval(timer));
}
