import type { Config } from 'jest';

/** NestJS 12 and some of what it needs ship ES modules only; Jest runs CommonJS, so these get compiled too. */
const ESM_PACKAGES = [
  '@nestjs',
  // Imports as it goes, which is nothing that Jest runs as it is.
  '@opentelemetry/otlp-exporter-base',
  '@standard-schema',
  'file-type',
  'strtok3',
  'token-types',
  'uint8array-extras',
  '@tokenizer',
  '@borewit',
  'eventsource-parser',
];

const shared: Config = {
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/test/support/env.ts'],
  transform: {
    '^.+\\.[jt]s$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${ESM_PACKAGES.join('|')})/)`],
};

const config: Config = {
  maxWorkers: 2,
  // Each file starts the application anew, and Jest lets go of little of it.
  workerIdleMemoryLimit: '1500MB',
  testTimeout: 30_000,
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    { ...shared, displayName: 'medium', testMatch: ['<rootDir>/test/medium/**/*.spec.ts'] },
    { ...shared, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.spec.ts'] },
    { ...shared, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'] },
  ],
};
export default config;
