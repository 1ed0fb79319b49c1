import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** The files of this repository, for tests of what documents and configuration say about them. */
export const repository = {
  root: ROOT,
  exists: (path: string): boolean => existsSync(join(ROOT, path)),
  read: (path: string): string => readFileSync(join(ROOT, path), 'utf8'),
  json: <T = any>(path: string): T => JSON.parse(repository.read(path)) as T,

  /** Paths below `folder` that end like this. */
  list: (folder: string, ending: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .map((name) => `${folder}/${String(name)}`)
      .filter((path) => path.endsWith(ending))
      .sort(),
};
