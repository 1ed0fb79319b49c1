import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const html =
  (body: string, title = 'A page'): Answer =>
  (_, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><title>${title}</title>${body}`);
  };
const script = (code: string): Answer => html(`<h1>before</h1><script>${code}</script><h1>after</h1>`);

/** Pages as one meets them, and pages that nobody wants to meet. */
const PAGES: Record<string, Answer> = {
  '/': html(
    `<main><article><h1>Hello</h1><p>Some <b>bold</b> text with <a href="/other">a link</a>. ${'A sentence, with commas, as articles have. '.repeat(20)}</p></article>
     <form action="/sent"><label>Name <input name="name"></label><select name="size"><option value="s">Small<option value="l">Large</select>
     <button>Send</button></form><div style="height:3000px"></div><footer id="end">The end.</footer></main>`,
    'Hello page',
  ),
  '/other': html('<h1>Another page</h1>', 'Another'),
  '/sent': html('<h1>Sent</h1>', 'Sent'),
  '/late': html(
    '<script>setTimeout(() => document.body.insertAdjacentHTML("beforeend", "<p id=late>Late.</p>"), 200)</script>',
  ),
  '/404': (_, response) =>
    void response.writeHead(404, { 'Content-Type': 'text/html' }).end('<title>Gone</title>Not here.'),
  '/500': (_, response) =>
    void response.writeHead(500, { 'Content-Type': 'text/html' }).end('<title>Oops</title>Broken.'),
  '/forged': (_, response) =>
    void response
      .writeHead(403, { 'Content-Type': 'text/html', 'Proxy-Status': 'operator; details="private"' })
      .end('<title>Mine</title>My own 403.'),
  '/loop': script('for (;;) {}'),
  '/loop-later': html('<h1>Read me</h1><script>onload = () => setTimeout(() => { for (;;) {} }, 50)</script>'),
  '/alerts': script('for (;;) alert(1)'),
  '/dialogs': script('alert(1); confirm(2); prompt(3); onbeforeunload = (e) => { e.preventDefault(); return "stay"; }'),
  '/popups': html(
    '<script>setInterval(() => { for (let i = 0; i < 20; i++) open("/other?" + Math.random()); }, 5)</script>',
  ),
  '/hog': script(
    'const all = []; setInterval(() => { for (let i = 0; i < 4; i++) all.push(new Uint8Array(20e6).fill(1)); }, 10)',
  ),
  '/shout': script('console.log("\\u0001".repeat(60e6))'),
  '/nodes': html(`<ul>${'<li>one</li>'.repeat(10_000)}</ul>`, 'Ten thousand'),
  '/long': html(`<p>${'ä'.repeat(100_000)}</p>`, 'Long'),
  '/print': script('print()'),
  '/data': script('location = "data:text/html,<h1>inner</h1>"'),
  '/blob': script('location = URL.createObjectURL(new Blob(["<h1>inner</h1>"], { type: "text/html" }))'),
  '/to-file': script('location = "file:///etc/passwd"'),
  '/nul': html('<p>a&#0;b\ud800c</p>'),
  '/xml': (_, response) => void response.setHeader('Content-Type', 'application/xml').end('<a><b>in xml</b></a>'),
  '/login': (_, response) =>
    void response
      .writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"', 'Content-Type': 'text/html' })
      .end('<title>Who?</title>Log in.'),
  '/circle': (_, response) => void response.writeHead(302, { Location: '/circle' }).end(),
  '/moved': (_, response) => void response.writeHead(302, { Location: '/other' }).end(),
  '/download': (_, response) => {
    response.writeHead(200, {
      'Content-Disposition': 'attachment; filename="x.bin"',
      'Content-Type': 'application/octet-stream',
    });
    endless(response);
  },
  '/file.pdf': (_, response) => void response.setHeader('Content-Type', 'application/pdf').end('%PDF-1.4\n%%EOF\n'),
  '/endless': (_, response) => {
    response.setHeader('Content-Type', 'text/html').write('<!doctype html><title>Endless</title><h1>So far</h1>');
    endless(response, '<!-- more -->');
  },
  '/large': (_, response) => {
    response.setHeader('Content-Type', 'text/html').write('<!doctype html><title>Large</title>');
    let left = 100;
    const more = () => {
      while (left-- > 0) if (!response.write('x'.repeat(1_000_000))) return void response.once('drain', more);
      response.end();
    };
    more();
  },
  '/silent': () => undefined,
  '/reset': (request) => void request.socket.resetAndDestroy(),
  '/restless': html(
    '<h1>Restless</h1><script>setInterval(() => fetch("/other?" + Math.random()), 20)</script><img src="/silent">',
    'Restless',
  ),
};

function endless(response: ServerResponse, text = 'x'.repeat(1_000)): void {
  const timer = setInterval(() => response.write(text), 20);
  response.once('close', () => clearInterval(timer));
}

/** A web site on a port of its own. */
export class FakeSite {
  /** Of every request that came, the path. */
  readonly paths: string[] = [];
  /** Answers that a test wants, beside those that are there. */
  readonly pages: Record<string, Answer> = {};

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      const path = request.url!.split('?')[0]!;
      this.paths.push(request.url!);
      response.on('error', () => undefined);
      const answer = this.pages[path] ?? PAGES[path];
      if (answer) answer(request, response);
      else response.writeHead(404).end();
    });
  }

  static async start(host = '127.0.0.1'): Promise<FakeSite> {
    const server = createServer();
    const site = new FakeSite(server);
    await once(server.listen(0, host), 'listening');
    return site;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  page(path: string, body: string): void {
    this.pages[path] = html(body);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
