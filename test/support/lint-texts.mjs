// Lints texts as if they were files: reads [[path, text], …] as JSON, prints the messages of each. A process of its own,
// since Jest cannot load ESLint's configuration. Types are not asked: the files are in no project.
import { ESLint } from 'eslint';
import { text } from 'node:stream/consumers';

const UNTYPED = {
  languageOptions: { parserOptions: { projectService: false } },
  rules: Object.fromEntries(
    [
      'await-thenable',
      'consistent-type-imports',
      'no-floating-promises',
      'no-misused-promises',
      'no-unused-vars',
      'only-throw-error',
      'switch-exhaustiveness-check',
    ].map((rule) => [`@typescript-eslint/${rule}`, 'off']),
  ),
};

const eslint = new ESLint({ overrideConfig: { files: ['**/*.ts'], ...UNTYPED } });
const results = [];
for (const [filePath, code] of JSON.parse(await text(process.stdin))) {
  const [{ messages }] = await eslint.lintText(code, { filePath });
  results.push(messages.map(({ ruleId, message }) => `${ruleId}: ${message}`));
}
process.stdout.write(JSON.stringify(results));
