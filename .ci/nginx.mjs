// Puts a real nginx with its defaults before the built service, and sees whether events come through as they happen.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const SOON_MS = 2_000;
/** For a service or an nginx that does not end by itself. */
const LAST_MS = 15_000;
const WORDS = 40;
const EVERY_MS = 50;
const dir = mkdtempSync(join(tmpdir(), 'operator-nginx-'));

// A model that takes its time: what nginx held back would come all at once.
const model = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let said = 0;
  const timer = setInterval(() => {
    const isOver = said === WORDS;
    const delta = isOver ? {} : { content: `word${said++} ` };
    const choice = { index: 0, delta, finish_reason: isOver ? 'stop' : null };
    response.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [choice] })}\n\n`);
    if (!isOver) return;
    clearInterval(timer);
    response.end('data: [DONE]\n\n');
  }, EVERY_MS);
}).listen(0, '127.0.0.1');
await once(model, 'listening');

const service = spawn(process.execPath, [resolve('dist/src/main.js')], {
  cwd: dir,
  env: {
    PATH: process.env.PATH,
    DATA_DIR: join(dir, 'data'),
    OPERATOR_PORT: '0',
    ENGINE: 'openai',
    OPENAI_BASE_URL: `http://127.0.0.1:${model.address().port}/v1`,
    OPENAI_MODEL: 'm',
    VX11_OPERATOR_TOKEN: 'a-token',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
let nginx;
try {
  const upstream = await listening();
  const port = await freePort();
  nginx = startNginx(port, upstream);
  const url = `http://127.0.0.1:${port}`;
  await answers(url);

  const asked = await open(`${url}/operator/chat`, { method: 'POST', body: '{"session_id":"s","message":"hi"}' });
  await asked.first('turn.started');
  const opened = performance.now();
  const watched = await open(`${url}/operator/session/s/events`);
  await watched.first('turn.started');
  const firstMs = Math.round(performance.now() - opened);
  check(firstMs < SOON_MS, `watched: first event after ${firstMs} ms`);
  await Promise.all([asked.first('turn.succeeded'), watched.first('turn.succeeded')]);
  for (const [name, { headers, seen }] of Object.entries({ asked, watched })) {
    check(headers.get('server')?.startsWith('nginx'), `${name}: through nginx`);
    check(headers.get('content-encoding') === null, `${name}: not compressed`);
    const pieces = seen.filter(({ type }) => type === 'message.delta');
    const spread = pieces.at(-1).at - pieces[0].at;
    check(pieces.length >= WORDS / 2, `${name}: ${pieces.length} pieces`);
    check(spread > (WORDS / 2) * EVERY_MS, `${name}: told over ${Math.round(spread)} ms, as it was said`);
  }
  // Long after the first answer, on the stream that has been open all the time.
  const before = watched.seen.length;
  const again = await open(`${url}/operator/chat`, { method: 'POST', body: '{"session_id":"s","message":"again"}' });
  await again.first('turn.started');
  const began = performance.now();
  while (watched.seen.length === before && performance.now() - began < SOON_MS) await pause(10);
  check(watched.seen.length > before, `watched: what happens later comes within ${SOON_MS} ms`);
  for (const { stop } of [asked, watched, again]) stop();
} finally {
  await Promise.all([nginx, service].map(end));
  model.close();
  model.closeAllConnections();
  rmSync(dir, { recursive: true });
}

function startNginx(port, upstream) {
  const root = join(dir, 'nginx');
  mkdirSync(root);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${root};`);
  // What it takes to run beside others, and the one line that makes it a proxy.
  writeFileSync(
    join(root, 'nginx.conf'),
    `daemon off; pid ${root}/pid; events {}
     http { access_log off; ${temporary.join(' ')}
       server { listen 127.0.0.1:${port}; location / { proxy_pass ${upstream}; } } }`,
  );
  const { PATH, LD_LIBRARY_PATH } = process.env;
  const child = spawn('nginx', ['-c', join(root, 'nginx.conf'), '-p', root, '-e', 'stderr'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { PATH: `${PATH}:/usr/sbin`, ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }) },
  });
  // One that cannot be run is told of where it does not answer.
  return child.on('error', (error) => console.error(error.message));
}

async function end(child) {
  if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), LAST_MS);
  await once(child, 'exit');
  clearTimeout(timer);
}

/** A stream, and when each of its events came. */
async function open(url, { method = 'GET', body } = {}) {
  const stopped = new AbortController();
  const headers = {
    'X-VX11-Token': 'a-token',
    'Content-Type': 'application/json',
    Accept: 'text/event-stream',
    'Accept-Encoding': 'gzip',
  };
  const late = setTimeout(() => stopped.abort(new Error(`${url}: no answer has begun.`)), SOON_MS);
  const response = await fetch(url, { method, body, headers, signal: stopped.signal });
  clearTimeout(late);
  check(response.status === 200, `${method} ${new URL(url).pathname}: ${response.status}`);
  const seen = [];
  const read = async () => {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, type] = /^event: (.*)$/m.exec(text.slice(0, end)) ?? [];
        if (type) seen.push({ type, at: performance.now() });
        text = text.slice(end + 2);
      }
    }
  };
  read().catch(() => undefined);
  const first = async (type) => {
    const until = performance.now() + SOON_MS + WORDS * EVERY_MS * 2;
    while (!seen.some((event) => event.type === type)) {
      if (performance.now() > until) throw new Error(`${url}: ${type} has not come.`);
      await pause(5);
    }
  };
  return { headers: response.headers, seen, first, stop: () => stopped.abort() };
}

function check(isTrue, what) {
  if (!isTrue) throw new Error(`Not so: ${what}`);
  console.log(what);
}

async function answers(url) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok) return;
    await pause(50);
  }
  throw new Error('nginx did not start.');
}

async function listening() {
  for await (const line of createInterface({ input: service.stdout })) {
    const { event, url } = JSON.parse(line);
    if (event !== 'startup:v7_initialized') continue;
    service.stdout.resume();
    return url;
  }
  throw new Error('The service did not start.');
}

async function freePort() {
  const server = createSocketServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
