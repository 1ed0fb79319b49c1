import { withConfigTable } from '../../scripts/config-table';
import { envSchema } from '../../src/config/env';
import { repository } from '../support/repository';

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', ...repository.list('docs', '.md')];

/** Set by the shell, the tests or the container, not read by the service. */
const NOT_SETTINGS = ['TEST_POSTGRES_URL', 'POSTGRES_PASSWORD'];

describe('README', () => {
  const readme = repository.read('README.md');

  it('lists every setting as the code has it: if not, npm run docs:config', () => {
    expect(readme).toBe(withConfigTable(readme));
  });

  it('stays short, but for the settings', () => {
    const words = readme.split('\n').filter((line) => !/^\| `[A-Z_]+` \|/.test(line));
    expect(words.length).toBeLessThan(150);
  });
});

describe.each(DOCUMENTS)('%s', (path) => {
  const text = repository.read(path);

  it('names only scripts that exist', () => {
    const { scripts } = repository.json('package.json');
    const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('links only to files that exist', () => {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
    const shown = text.replaceAll(/<!--.*?-->/gs, '');
    const links = [...shown.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, link]) => link!);
    expect(links.filter((link) => !repository.exists(folder + link))).toEqual([]);
  });

  it('names only settings that exist', () => {
    const named = [...text.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)].map(([name]) => name);
    const known = [...Object.keys(envSchema.shape), ...NOT_SETTINGS];
    expect([...new Set(named)].filter((name) => !known.includes(name))).toEqual([]);
  });

  it('calls only routes that exist', () => {
    const { paths } = repository.json('openapi.json');
    const known = Object.keys(paths).map((route) => new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`));
    const called = [...text.matchAll(/curl[^\n]*?(?:\$API|8011\/operator)(\/[\w/-]+)/g)].map(
      ([, route]) => `/operator${route}`,
    );
    expect(called.filter((route) => !known.some((pattern) => pattern.test(route)))).toEqual([]);
  });
});
