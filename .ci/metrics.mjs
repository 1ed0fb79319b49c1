// Asks the built service for its metrics after it has had something to do, and has promtool judge them.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const dir = mkdtempSync(join(tmpdir(), 'operator-metrics-'));
const router = createServer((_request, response) =>
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end('{"status":"ok","content":"hola","provider":"a"}'),
).listen(0, '127.0.0.1');
await once(router, 'listening');

const env = {
  PATH: process.env.PATH,
  DATA_DIR: dir,
  OPERATOR_PORT: '0',
  SWITCH_URL: `http://127.0.0.1:${router.address().port}`,
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${router.address().port}`,
  VX11_OPERATOR_TOKEN: 'a-token',
};
const service = spawn(process.execPath, [resolve('dist/src/main.js')], {
  cwd: dir,
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const url = await listening();
  const headers = { 'X-VX11-Token': 'a-token', 'Content-Type': 'application/json' };
  await fetch(`${url}/operator/chat`, { method: 'POST', headers, body: '{"message":"hi","session_id":"s"}' });
  await fetch(`${url}/operator/session/s`, { headers });
  await fetch(`${url}/nowhere`);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: metrics });
  if (error) throw error;
  process.stdout.write(`${stdout}${stderr}`);
  console.log(`${metrics.match(/^# TYPE /gm).length} metrics, ${metrics.match(/^\w/gm).length} series`);
  process.exitCode = status;
} finally {
  service.kill('SIGTERM');
  await once(service, 'exit');
  router.close();
  rmSync(dir, { recursive: true });
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
