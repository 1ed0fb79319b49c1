import { STATUS } from '../../src/common/errors/problem';
import type { ErrorKind } from '../../src/common/errors/operator.error';
import { VISIT_CODES } from '../../src/browser/engine/browser-engine.types';
import { isFinished } from '../../src/browser/tasks/browser-task-states';
import { BROWSER_TASK_STATUSES } from '../../src/browser/tasks/browser-task.types';
import { repository } from '../support/repository';

/** `code status` of every error class, and of those that `problem.ts` gives to errors nobody raised on purpose. */
function errorsInCode(): string[] {
  const found = new Set(['malformed_request 400', 'internal_error 500']);
  for (const path of repository.list('src', '.errors.ts')) {
    for (const definition of repository.read(path).split(/^export /m)) {
      const code = /readonly code = '(\w+)'/.exec(definition)?.[1];
      const kind = /readonly kind(?:: ErrorKind)? = '([\w-]+)'/.exec(definition)?.[1] as ErrorKind | undefined;
      if (code) found.add(`${code} ${STATUS[kind!]}`);
    }
  }
  return [...found].sort();
}

describe('docs/errors.md', () => {
  const rows = [...repository.read('docs/errors.md').matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)];

  it('lists every error with its status, and no other', () => {
    expect(rows.map(([, code, status]) => `${code} ${status}`).sort()).toEqual(errorsInCode());
  });

  it('has every code that code elsewhere gives itself', () => {
    const codes = new Set(rows.map(([, code]) => code));
    const used = repository
      .list('src', '.ts')
      .filter((path) => !path.endsWith('.spec.ts'))
      .flatMap((path) => [...repository.read(path).matchAll(/\bcode(?: =|:) '(\w+)'/g)].map(([, code]) => code));
    expect(used.filter((code) => !codes.has(code))).toEqual([]);
  });
});

describe('docs/browser.md', () => {
  it('says of every way in which a task ends badly what happened', () => {
    const listed = [...repository.read('docs/browser.md').matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(
      ([, codes]) => codes!.split(', ').map((code) => code.slice(1, -1)),
    );
    expect(listed).toEqual(expect.arrayContaining(VISIT_CODES.filter((code) => code !== 'stopped')));
    expect(listed).toEqual(expect.arrayContaining(BROWSER_TASK_STATUSES.filter(isFinished)));
  });
});

describe('docs/dependencies.md', () => {
  it('lists every dependency with the licence it has, and no other', () => {
    const { dependencies, devDependencies } = repository.json('package.json');
    const packages = Object.keys({ ...dependencies, ...devDependencies }).map((name) => {
      const { license } = repository.json(`node_modules/${name}/package.json`);
      return `${name} ${license}`;
    });
    const listed = [...repository.read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|.*\| ([\w.-]+) \|$/gm)];
    expect(listed.map(([, name, license]) => `${name} ${license}`).sort()).toEqual(packages.sort());
  });
});
