// Does what docker/Dockerfile says, without a container engine: copies what it copies, runs its npm commands, starts its
// command with its variables, asks its health check, and stops it as an engine would.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TOKEN = 'container-test-token';
const STARTS_WITHIN_MS = 30_000;
const ENDS_WITHIN_MS = 10_000;

const dockerfile = readFileSync('docker/Dockerfile', 'utf8').replaceAll(/\\\n\s*/g, '');
const lines = (name) => [...dockerfile.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].map(([, rest]) => rest);
const variables = Object.fromEntries(lines('ENV').flatMap((rest) => rest.split(' ').map((pair) => pair.split('='))));
const [program, ...command] = JSON.parse(lines('CMD')[0]);
const [, ...health] = JSON.parse(/CMD (\[.*\])$/.exec(lines('HEALTHCHECK')[0])[1]);

const folder = mkdtempSync(join(tmpdir(), 'operator-container-'));
const app = join(folder, 'app');
try {
  build();
  await serve();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function build() {
  mkdirSync(app);
  for (const rest of lines('COPY').filter((copy) => !copy.startsWith('--from'))) {
    for (const path of rest.split(' ').slice(0, -1)) cpSync(path, join(app, path), { recursive: true });
  }
  for (const npm of lines('RUN').filter((run) => run.startsWith('npm '))) run(npm, process.env);
  // As in the last stage: what it was built from stays behind.
  rmSync(join(app, 'src'), { recursive: true });
}

function run(line, env) {
  console.log(`$ ${line}`);
  const { status } = spawnSync(line, { cwd: app, env, shell: true, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${line} ended with ${status}.`);
}

async function serve() {
  const port = String(await freePort());
  const env = {
    PATH: process.env.PATH,
    ...variables,
    DATA_DIR: join(folder, 'data'),
    OPERATOR_PORT: port,
    VX11_OPERATOR_TOKEN: TOKEN,
  };
  run('node_modules/.bin/typeorm migration:show -d dist/ormconfig.js', env);

  console.log(`$ ${[program, ...command].join(' ')}`);
  const service = spawn(program, command, { cwd: app, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(service, 'exit');
  try {
    const probe = (path) => spawnSync('node', [health[0], path], { cwd: app, env }).status === 0;
    const deadline = Date.now() + STARTS_WITHIN_MS;
    while (!probe('/health/ready')) {
      if (Date.now() > deadline || service.exitCode !== null) throw new Error('It did not become ready.');
      await sleep(200);
    }
    if (!probe(health[1])) throw new Error('Its health check fails.');
    const answer = await fetch(`http://127.0.0.1:${port}/operator/chat`, {
      method: 'POST',
      headers: { 'x-vx11-token': TOKEN, 'content-type': 'application/json' },
      body: '{"message": "/help"}',
    });
    if (answer.status !== 200) throw new Error(`A chat turn was answered ${answer.status}.`);

    service.kill('SIGTERM');
    const timer = setTimeout(() => service.kill('SIGKILL'), ENDS_WITHIN_MS);
    const [code] = await ended;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`It ended with ${code} on SIGTERM.`);
    console.log('ready, healthy, answered a turn, ended with 0 on SIGTERM');
  } finally {
    if (service.exitCode === null && service.signalCode === null) service.kill('SIGKILL');
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
