import type { RequestListener } from 'node:http';
import { crc32, deflateSync } from 'node:zlib';

const PARAGRAPHS = 30;
const TITLE = 'How the queue was emptied';
const WRITTEN_BY_SCRIPT = `${PARAGRAPHS} paragraphs`;

const SENTENCE = 'Requests that came over the weekend were sorted by region, and those of Friday were answered first.';
const paragraph = (_: unknown, index: number): string => `<p>${index + 1}. ${`${SENTENCE} `.repeat(3).trim()}</p>`;

const HTML = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>${TITLE}</title>
  <link rel="stylesheet" href="/page.css">
  <script src="/page.js" defer></script>
</head>
<body>
  <header><img src="/logo.png" alt="" width="64" height="64"><h1>${TITLE}</h1><p id="length"></p></header>
  <main>
    <img src="/chart.png" alt="" width="160" height="160">
    ${Array.from({ length: PARAGRAPHS }, paragraph).join('\n    ')}
  </main>
</body>
</html>`;

const CSS = `body { font: 16px/1.5 sans-serif; margin: 0 auto; max-width: 45em; color: #222 }
header { display: flex; gap: 1em; align-items: center; border-bottom: 1px solid #ccc }
main img { float: right; margin: 0 0 1em 1em; border-radius: 8px }
p:nth-child(odd) { background: #f6f6f2 }`;

const JS = `document.getElementById('length').textContent = document.querySelectorAll('main p').length + ' paragraphs';`;

const FILES: Record<string, { type: string; content: Buffer }> = {
  '/': { type: 'text/html; charset=utf-8', content: Buffer.from(HTML) },
  '/page.css': { type: 'text/css', content: Buffer.from(CSS) },
  '/page.js': { type: 'text/javascript', content: Buffer.from(JS) },
  '/logo.png': { type: 'image/png', content: png(64, (x, y) => x ^ y) },
  '/chart.png': { type: 'image/png', content: png(160, (x, y) => (x * y) >> 6) },
};

/** An ordinary page with its stylesheet, script and images, and nothing else. */
export const servePage: RequestListener = ({ url }, response) => {
  const file = FILES[url!.split('?')[0]!];
  if (!file) return void response.writeHead(404).end();
  response.writeHead(200, { 'content-type': file.type, 'content-length': file.content.length }).end(file.content);
};

/** Throws unless this is what a browser finds on that page once its script has run. */
export function expectPage(title: string | null, text: string | null): void {
  const parts = [TITLE, WRITTEN_BY_SCRIPT, `${PARAGRAPHS}. ${SENTENCE}`];
  const missing = title === TITLE ? parts.find((part) => !text?.includes(part)) : 'its title';
  if (missing !== undefined)
    throw new Error(`The page was read without “${missing}”: ${title}: ${text?.slice(0, 200)}`);
}

/** A square picture in shades of grey. */
function png(side: number, shade: (x: number, y: number) => number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, side, 0, 0, 0, side, 8, 0, 0, 0, 0]);
  // Each row begins with the filter it has gone through: none.
  const rows = Array.from({ length: side }, (_, y) => [
    0,
    ...Array.from({ length: side }, (_, x) => shade(x, y) & 255),
  ]);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.from(rows.flat()))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
