import { accessSync, constants, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What brings one about. */
export const INSTALL_COMMAND = 'npm run browser:install';

/** Where distributions and installers put it; the small headless one first, which starts faster and needs less. */
const SYSTEM = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The configured one, Playwright's own, or the system's; null when there is none that can be run. */
export function findChromium(configured: string | null, home = homedir(), system = SYSTEM): string | null {
  const candidates = configured === null ? [...playwrights(home), ...system] : [configured];
  return candidates.find(isExecutable) ?? null;
}

/** The newest first. Its library would have to be loaded to be asked, and would tell of one revision only. */
function playwrights(home: string): string[] {
  return [join(home, '.cache/ms-playwright'), join(home, 'Library/Caches/ms-playwright')].flatMap((folder) =>
    ['chromium_headless_shell-', 'chromium-'].flatMap((prefix) =>
      list(folder)
        .filter((name) => name.startsWith(prefix))
        .sort((a, b) => Number(b.slice(prefix.length)) - Number(a.slice(prefix.length)))
        .flatMap((name) => list(join(folder, name)).map((build) => join(folder, name, build)))
        .flatMap((build) => PROGRAMS.map((program) => join(build, program))),
    ),
  );
}

const PROGRAMS = [
  'chrome-headless-shell',
  'headless_shell',
  'chrome',
  'Chromium.app/Contents/MacOS/Chromium',
  'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
];

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
