/** Rules ESLint cannot see: circles, files nobody uses, and what ships to production. */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'A file that imports nothing and that nobody imports is dead.',
      severity: 'error',
      from: { orphan: true, path: '^src' },
      to: {},
    },
    {
      name: 'no-unreachable-from-the-program',
      comment: 'Production code that only tests use, or nobody, is dead.',
      severity: 'error',
      from: { path: '^(src/[^/]+\\.cli\\.ts|src/main\\.ts|src/browser/playwright/worker\\.ts|ormconfig\\.ts)$' },
      to: {
        path: '^src',
        pathNot: '(\\.spec|\\.cli|^src/main|^src/browser/playwright/worker)\\.ts$',
        reachable: false,
      },
    },
    {
      name: 'not-to-test-or-bench',
      severity: 'error',
      from: { path: '^(src|ormconfig\\.ts)', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(test|bench)|\\.spec\\.ts$' },
    },
    {
      name: 'not-to-dev-dependency',
      severity: 'error',
      from: { path: '^(src|ormconfig\\.ts)', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-to-undeclared',
      comment: 'What is imported stands in package.json, and can be found.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.json$' },
    // `@nestjs` has ES modules only: without these conditions its exports are not found.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
