// Sees to it that there is a Chromium for browser tasks. Does nothing where there is one.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { platform } from 'node:os';

const require = createRequire(import.meta.url);

if (!found()) {
  install();
  if (!found()) fail('There is still no Chromium. Install one, and name it in BROWSER_EXECUTABLE_PATH.');
}
console.log(`Chromium: ${found()}`);

/** What the service itself would find. */
function found() {
  spawnSync('node', ['scripts/build-if-stale.mjs'], { stdio: 'inherit' });
  const { findChromium } = require('../dist/src/browser/playwright/find-chromium.js');
  return findChromium(process.env.BROWSER_EXECUTABLE_PATH || null);
}

function install() {
  if (isDebian()) {
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const asRoot = process.getuid() === 0 ? [] : ['sudo', '--preserve-env=DEBIAN_FRONTEND'];
    const apt = (...args) => run([...asRoot, 'apt-get', '-qq', ...args], environment);
    apt('update');
    // Small, and starts fast; the whole of it where a release has no such package.
    for (const name of ['chromium-headless-shell', 'chromium']) {
      if (apt('install', '--yes', '--no-install-recommends', name, 'fonts-liberation')) return;
    }
  }
  // Elsewhere Playwright knows where there is one: on Ubuntu the distribution's is a snap, which no service can start.
  run(['npx', 'playwright', 'install', '--only-shell', ...(platform() === 'linux' ? ['--with-deps'] : []), 'chromium']);
}

function isDebian() {
  return existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
}

function run([program, ...args], env = process.env) {
  console.log(`$ ${[program, ...args].join(' ')}`);
  const { status, error } = spawnSync(program, args, { env, stdio: ['inherit', 'ignore', 'inherit'] });
  if (error) console.error(error.message);
  return status === 0;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
