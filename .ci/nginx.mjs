// Puts a real nginx before the built service, with nothing but `proxy_pass`, and sees whether it holds events back.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const WITHIN_MS = 2_000;
const START_MS = 30_000;
const HEADERS = { 'X-VX11-Token': 'a-token', 'Content-Type': 'application/json', 'Accept-Encoding': 'gzip, br' };

/** A stream of events, each with the moment at which it came. */
class Stream {
  events = [];
  isOver = false;
  #rest = '';

  static async open(port, method, path, body) {
    const headers = { ...HEADERS, Accept: 'text/event-stream' };
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false });
    sent.end(body && JSON.stringify(body));
    const [response] = await once(sent, 'response', { signal: AbortSignal.timeout(WITHIN_MS) });
    return new Stream(response);
  }

  constructor(response) {
    this.response = response;
    response.setEncoding('utf8').on('data', (chunk) => this.#take(chunk));
    response.on('error', () => undefined).once('close', () => (this.isOver = true));
    streams.push(this);
  }

  async next(isWanted, what) {
    const deadline = performance.now() + WITHIN_MS;
    for (;;) {
      const found = this.events.find(({ event }) => isWanted(event));
      if (found) return found;
      const had = `It had ${this.events.map(({ event }) => event.type).join(', ') || 'nothing'}.`;
      assert.ok(!this.isOver, `The stream ended without ${what}. ${had}`);
      assert.ok(performance.now() < deadline, `No ${what} within ${WITHIN_MS} ms. ${had}`);
      await sleep(5);
    }
  }

  #take(chunk) {
    const blocks = (this.#rest + chunk).split('\n\n');
    this.#rest = blocks.pop();
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data) this.events.push({ event: JSON.parse(data), at: performance.now() });
    }
  }
}

const dir = mkdtempSync(join(tmpdir(), 'operator-nginx-'));
// Started by root, nginx works as nobody.
chmodSync(dir, 0o755);
const children = [];
const streams = [];
try {
  const service = await startService();
  const [plain, zipping] = [await freePort(), await freePort()];
  await startNginx(service, { [plain]: '', [zipping]: 'gzip on;' });
  await check(plain, 'nginx as it comes');
  await check(zipping, 'nginx with gzip');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const { response } of streams) response.destroy();
  await Promise.all(children.map(stop));
  rmSync(dir, { recursive: true });
}

async function check(port, what) {
  const session = `behind-${port}`;
  await say(port, session);

  const openedAt = performance.now();
  const watching = await Stream.open(port, 'GET', `/operator/session/${session}/events`);
  const first = await watching.next(({ seq }) => seq === 1, 'first event');
  const { event: past } = await watching.next(({ type }) => type === 'turn.succeeded', 'end of the first turn');

  const saidAt = performance.now();
  await say(port, session);
  const later = await watching.next(
    ({ type, seq }) => type === 'turn.succeeded' && seq > past.seq,
    'event that happened while the stream was open',
  );

  const askedAt = performance.now();
  const answer = await Stream.open(port, 'POST', '/operator/chat', { session_id: session, message: '/help' });
  const end = await answer.next(({ type }) => type === 'turn.succeeded', 'end of the turn');
  await answer.next(({ type }) => type === 'message.delta', 'piece of the answer');
  await watching.next(({ seq }) => seq === end.event.seq, 'end of that turn in the other stream');

  for (const { response } of [watching, answer]) {
    const { server, 'content-type': type, 'content-encoding': encoding } = response.headers;
    assert.match(server, /^nginx/);
    assert.equal(type, 'text/event-stream; charset=utf-8');
    assert.equal(encoding, undefined, `nginx has compressed it: ${encoding}.`);
  }
  const [one, two, three] = [first.at - openedAt, later.at - saidAt, end.at - askedAt].map(Math.round);
  console.log(`${what}: first event after ${one} ms, a later one after ${two} ms, a whole answer after ${three} ms`);
}

async function say(port, session) {
  const answer = await fetch(`http://127.0.0.1:${port}/operator/chat`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({ session_id: session, message: '/help' }),
    signal: AbortSignal.timeout(START_MS),
  });
  assert.equal(answer.status, 200, await answer.text());
}

async function startService() {
  const env = { PATH: process.env.PATH, DATA_DIR: dir, OPERATOR_PORT: '0', VX11_OPERATOR_TOKEN: 'a-token' };
  const service = start(process.execPath, [resolve('dist/src/main.js')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const timer = setTimeout(() => service.kill('SIGKILL'), START_MS);
  for await (const line of createInterface({ input: service.stdout })) {
    const { event, url } = JSON.parse(line);
    if (event !== 'startup:v7_initialized') continue;
    clearTimeout(timer);
    service.stdout.resume();
    return url;
  }
  throw new Error('The service did not start.');
}

/** `settings` of a server, by port. All other settings are what it takes to run without installing it. */
async function startNginx(upstream, servers) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (use) => `${use}_temp_path ${dir}/${use};`,
  );
  const listed = Object.entries(servers).map(
    ([port, settings]) => `server { listen 127.0.0.1:${port}; ${settings} location / { proxy_pass ${upstream}; } }`,
  );
  const file = join(dir, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; pid ${dir}/nginx.pid; events {} http { access_log off; ${[...temporary, ...listed].join(' ')} }\n`,
  );
  const nginx = start('nginx', ['-p', dir, '-c', file, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'inherit'] });
  await Promise.all(Object.keys(servers).map((port) => listening(nginx, Number(port))));
}

async function listening(child, port) {
  const deadline = performance.now() + START_MS;
  for (;;) {
    assert.ok(child.exitCode === null && performance.now() < deadline, 'nginx did not start.');
    const socket = connect(port, '127.0.0.1');
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    await sleep(50);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

function start(command, args, options) {
  const child = spawn(command, args, { cwd: dir, ...options });
  child.once('error', (error) => console.error(`${command} cannot be run: ${error.message}`));
  children.push(child);
  return child;
}

async function stop(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), WITHIN_MS * 5);
  await once(child, 'exit');
  clearTimeout(timer);
}
