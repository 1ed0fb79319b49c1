import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findChromium } from './find-chromium';

describe(findChromium.name, () => {
  let home: string;
  beforeEach(() => void (home = mkdtempSync(join(tmpdir(), 'operator-test-'))));
  afterEach(() => rmSync(home, { recursive: true }));

  const program = (path: string, mode = 0o755): string => {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    chmodSync(file, mode);
    return file;
  };
  const cache = '.cache/ms-playwright';

  it('takes what is configured, and nothing else', () => {
    const own = program('own/chrome');
    program(`${cache}/chromium-1200/chrome-linux64/chrome`);
    expect(findChromium(own, home, [])).toBe(own);
    expect(findChromium(join(home, 'nowhere'), home, [own])).toBeNull();
    expect(findChromium(program('own/notes.txt', 0o644), home, [own])).toBeNull();
  });

  it('takes Playwright’s newest before the system’s, the headless one first', () => {
    const system = program('usr/bin/chromium');
    expect(findChromium(null, home, [join(home, 'nowhere'), system])).toBe(system);
    const whole = program(`${cache}/chromium-1300/chrome-linux64/chrome`);
    expect(findChromium(null, home, [system])).toBe(whole);
    program(`${cache}/chromium_headless_shell-999/chrome-linux/headless_shell`);
    const newest = program(`${cache}/chromium_headless_shell-1000/chrome-headless-shell-linux64/chrome-headless-shell`);
    expect(findChromium(null, home, [system])).toBe(newest);
  });

  it('finds none where there is none', () => expect(findChromium(null, home, [])).toBeNull());
});
