import { spawnSync } from 'node:child_process';
import { repository } from '../support/repository';

const use = (names: string, from: string) => `import { ${names} } from '${from}';\nexport const used = [${names}];\n`;
const useType = (name: string, from: string) =>
  `import type { ${name} } from '${from}';\nexport type Used = ${name};\n`;

/** A rule that catches nothing is worse than none: each is shown what it forbids, and what it must let pass. */
const CASES: [what: string, path: string, text: string, refusedBy: RegExp | null][] = [
  ['a feature, another’s service', 'src/chat/x.ts', use('SessionService', '../session/session.service'), null],
  [
    'a feature, another’s repository',
    'src/chat/x.ts',
    use('SessionRepository', '../session/session.repository'),
    /boundaries\/dep/,
  ],
  [
    'a feature, another’s DTO',
    'src/chat/x.ts',
    use('ToolCallDto', '../session/dto/session-response.dto'),
    /boundaries\/dep/,
  ],
  [
    'a feature, another’s entity',
    'src/chat/x.ts',
    use('OperatorMessage', '../session/operator-message.entity'),
    /boundaries\/dep/,
  ],
  [
    'a feature, another’s entity as a type',
    'src/chat/x.ts',
    useType('OperatorMessage', '../session/operator-message.entity'),
    null,
  ],
  ['a feature, one it may not use', 'src/session/x.ts', use('ChatService', '../chat/chat.service'), /boundaries\/dep/],
  [
    'a feature, one it may not use, later',
    'src/session/x.ts',
    "export const later = import('../chat/chat.service');\n",
    /boundaries\/dep/,
  ],
  ['telemetry, chat', 'src/telemetry/x.ts', use('ChatService', '../chat/chat.service'), /boundaries\/dep/],
  ['telemetry, session', 'src/telemetry/x.ts', use('SessionService', '../session/session.service'), null],
  ['a feature, a read model', 'src/chat/x.ts', use('HealthModule', '../health/health.module'), /boundaries\/dep/],
  ['a read model, a feature', 'src/health/x.ts', use('TurnService', '../chat/turn.service'), null],
  ['the platform, a feature', 'src/events/x.ts', useType('TurnRecord', '../chat/turn.types'), /boundaries\/dep/],
  ['a feature, the composition', 'src/chat/x.ts', use('AppModule', '../app.module'), /boundaries\/dep/],
  ['the composition, anything', 'src/x.ts', use('SessionRepository', './session/session.repository'), null],
  ['a folder nobody has placed', 'src/elsewhere/x.ts', 'export const x = 1;\n', /boundaries\/no-unknown-files/],
  ['typeorm in a plain file', 'src/chat/x.ts', use('In', 'typeorm'), /Queries belong/],
  ['typeorm in a service', 'src/chat/x.service.ts', use('In', 'typeorm'), /Queries belong/],
  ['typeorm in a repository', 'src/chat/x.repository.ts', use('In', 'typeorm'), null],
  ['typeorm in an entity', 'src/chat/x.entity.ts', use('Column', 'typeorm'), null],
  ['a driver in a repository', 'src/chat/x.repository.ts', use('Client', 'pg'), /knows the drivers/],
  ['a driver in src/database', 'src/database/x.ts', use('Client', 'pg'), null],
  ['undici in a feature', 'src/switch-gateway/x.ts', use('Agent', 'undici'), /UpstreamClient/],
  ['playwright in browser', 'src/browser/x.ts', use('chromium', 'playwright-core'), /browser library/],
  ['playwright in its place', 'src/browser/playwright/x.ts', use('chromium', 'playwright-core'), null],
  ['process.env', 'src/chat/x.ts', 'export const x = process.env.HOST;\n', /Inject CONFIG/],
  ['process.env, taken apart', 'src/chat/x.ts', 'export const { env } = process;\n', /Inject CONFIG/],
  ['env, imported', 'src/chat/x.service.ts', use('env', 'node:process'), /Inject CONFIG/],
  ['process.env in src/config', 'src/config/x.ts', 'export const x = process.env.HOST;\n', null],
  [
    'an HTTP exception in a service',
    'src/chat/x.service.ts',
    use('NotFoundException', '@nestjs/common'),
    /OperatorError/,
  ],
  ['a status in a repository', 'src/chat/x.repository.ts', use('HttpStatus', '@nestjs/common'), /OperatorError/],
  ['a status in a controller', 'src/chat/x.controller.ts', use('HttpStatus', '@nestjs/common'), null],
  ['forwardRef', 'src/chat/x.module.ts', use('forwardRef', '@nestjs/common'), /circle/],
  ['forwardRef in a service', 'src/chat/x.service.ts', use('forwardRef', '@nestjs/common'), /circle/],
  ['a service of 251 lines', 'src/chat/x.service.ts', 'export {};\n'.repeat(251), /max-lines/],
  ['an excuse in a comment', 'src/chat/x.ts', `// eslint-disable-next-line\n${use('In', 'typeorm')}`, /Queries belong/],
];

describe('Lint', () => {
  let messages: string[][];

  beforeAll(() => {
    const input = JSON.stringify(CASES.map(([, path, text]) => [path, text]));
    const { stdout, stderr } = spawnSync(process.execPath, ['test/support/lint-texts.mjs'], {
      cwd: repository.root,
      input,
      encoding: 'utf8',
    });
    if (!stdout) throw new Error(stderr);
    messages = JSON.parse(stdout) as string[][];
  });

  it.each(CASES.map(([what, , , refusedBy], index) => ({ what, index, refusedBy })))(
    '$what: refused by $refusedBy',
    ({ index, refusedBy }) => {
      if (refusedBy) expect(messages[index]!.join('\n')).toMatch(refusedBy);
      else expect(messages[index]).toEqual([]);
    },
  );
});
