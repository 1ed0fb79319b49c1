import boundaries from 'eslint-plugin-boundaries';
import tseslint from 'typescript-eslint';

/**
 * The architecture, as data. `docs/architecture.md` draws it; this file enforces it.
 * A feature may use the features listed here, through their public files, and nothing else.
 */
const MAY_USE = {
  session: [],
  'switch-gateway': [],
  browser: ['session'],
  telemetry: ['session', 'switch-gateway', 'browser'],
  chat: ['session', 'switch-gateway', 'browser', 'telemetry'],
  overview: ['session', 'switch-gateway', 'browser', 'telemetry', 'chat'],
  health: ['session', 'switch-gateway', 'browser', 'telemetry', 'chat', 'overview'],
};
const PLATFORM = ['common', 'config', 'database', 'events', 'tools', 'upstream'];

/** Libraries that only one kind of file may know. */
const KEPT_IN = [
  { libraries: ['typeorm'], category: 'persistence', message: 'Queries belong in a *.repository.ts.' },
  { libraries: ['better-sqlite3', 'pg'], category: 'database', message: 'Only src/database knows the drivers.' },
  {
    libraries: ['axios', 'undici', 'cockatiel'],
    category: 'upstream',
    message: 'Call upstreams through UpstreamClient.',
  },
  { libraries: ['prom-client'], category: 'metrics', message: 'Instruments come from Metrics.' },
  {
    libraries: ['playwright', 'playwright-core'],
    category: 'playwright',
    message: 'Only src/browser/playwright may know which browser library we use.',
  },
];

const either = (names) => `src/(${names.join('|')})`;
const FOLDERS = [
  { type: 'platform', pattern: either(PLATFORM), capture: ['name'] },
  { type: 'feature', pattern: either(Object.keys(MAY_USE)), capture: ['name'] },
];
const FILES = [
  { category: 'composition', pattern: ['src/*.ts', 'ormconfig.ts'] },
  { category: 'public', pattern: ['**/*.module.ts', '**/*.service.ts', '**/*.errors.ts', '**/*.types.ts'] },
  { category: 'entity', pattern: '**/*.entity.ts' },
  {
    category: 'persistence',
    pattern: ['**/*.entity.ts', '**/*.repository.ts', 'src/database/**/*.ts', 'ormconfig.ts'],
  },
  { category: 'database', pattern: 'src/database/**/*.ts' },
  { category: 'upstream', pattern: 'src/upstream/**/*.ts' },
  { category: 'metrics', pattern: 'src/common/metrics/**/*.ts' },
  { category: 'playwright', pattern: 'src/browser/playwright/**/*.ts' },
];
const feature = (name) => ({ element: { type: 'feature', captured: { name } } });

const NO_FORWARD_REF = {
  name: '@nestjs/common',
  importNames: ['forwardRef'],
  message: 'A circle says that the seam is wrong: move what both sides need.',
};
const NO_PROCESS_ENV = ['process', 'node:process'].map((name) => ({
  name,
  importNames: ['env'],
  message: 'Inject CONFIG.',
}));

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'data', '**/*.mjs', '**/*.cjs'] },
  // Exceptions are made in this file, where everybody sees them, not in comments.
  { linterOptions: { noInlineConfig: true } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      // `setTimeout(async …)` and `process.once(signal, async …)` handle their own failures, or should not be async.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      // Loaded for terminals, and for those who want traces, so that others do not pay for it.
      '@typescript-eslint/no-require-imports': ['error', { allow: ['^pino-pretty$', '^\\./otlp$'] }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // The compiler checks what it can; where code knows better, as after a length check, it says so with `!`.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['src/**/*.ts', 'ormconfig.ts'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { typescript: { alwaysTryTypes: true } },
      'boundaries/include': ['src/**/*.ts', 'ormconfig.ts'],
      'boundaries/elements': FOLDERS,
      'boundaries/files': FILES,
    },
    rules: {
      'boundaries/no-unknown-files': 'error', // a new folder must be placed in the picture first
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          checkAllOrigins: true,
          policies: [
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
            { allow: { to: { element: { type: 'platform' } } } },
            { from: { file: { categories: 'composition' } }, allow: { to: { module: { origin: 'local' } } } },
            ...Object.entries(MAY_USE).flatMap(([name, uses]) => [
              { from: feature(name), allow: { to: { ...feature(uses), file: { categories: 'public' } } } },
              {
                from: feature(name),
                allow: { to: { ...feature(uses), file: { categories: 'entity' } }, dependency: { kind: 'type' } },
              },
            ]),
            // The last policy that matches decides. `noneOf` would miss files that are of no category at all.
            ...KEPT_IN.flatMap(({ libraries, category, message }) => [
              { disallow: { to: { module: { source: libraries } } }, message },
              { from: { file: { categories: category } }, allow: { to: { module: { source: libraries } } } },
            ]),
          ],
        },
      ],
      'no-restricted-imports': ['error', { paths: [NO_FORWARD_REF, ...NO_PROCESS_ENV] }],
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Inject CONFIG.' }],
    },
  },
  {
    files: ['src/config/**/*.ts', 'src/**/*.spec.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['src/**/*.service.ts', 'src/**/*.repository.ts'],
    rules: {
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'no-restricted-imports': [
        'error',
        {
          paths: [NO_FORWARD_REF, ...NO_PROCESS_ENV],
          patterns: [
            {
              group: ['@nestjs/common'],
              importNamePattern: '(Exception|HttpStatus)$',
              message: 'Throw an OperatorError; the filter picks the status.',
            },
          ],
        },
      ],
    },
  },
  {
    // Answers come back untyped, and fakes are handed whatever is sent.
    files: ['test/**/*.ts', 'bench/**/*.ts', 'src/**/*.spec.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off' },
  },
);
