// Builds, unless `dist` is younger than all it is made from. So `npm start` works on a fresh clone, and at once later.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';

const OTHERS = ['ormconfig.ts', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];

const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const builtAt = changedAt('dist/src/main.js');
// Folders too: theirs changes when a file is deleted.
const sources = ['src', ...readdirSync('src', { recursive: true }).map((name) => `src/${name}`), ...OTHERS];
if (sources.some((source) => changedAt(source) >= builtAt)) {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
  process.exit(status ?? 1);
}
