/** Minutes of what is up to chance, or to time: `npm run chaos`. The automatic suite has twenty minutes for everything. */
const LONG = process.env.CHAOS_LONG === '1' || process.env.CHAOS_KILLS !== undefined;
const OF_THE_LONG_FORM = [
  'crash-at-random-times',
  'postgres/transactions-that-stay-open',
  'postgres/clocks-that-are-off',
];

/** Native ESM under Jest: run with `node --experimental-vm-modules` (see `npm run jest`). */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(LONG ? [] : OF_THE_LONG_FORM)],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Examples import the package by its name; under test that is the source, not the last build.
    '^nestjs-signpost$': '<rootDir>/src/index.ts',
    '^nestjs-signpost/receiver$': '<rootDir>/src/receiver/index.ts',
    '^nestjs-signpost/client$': '<rootDir>/src/receiver/client/index.ts',
    '^nestjs-signpost/testing$': '<rootDir>/src/testing/index.ts',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          experimental: { keepImportAttributes: true },
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-postgres.js',
  globalTeardown: '<rootDir>/test/support/global-postgres-end.js',
  setupFiles: ['reflect-metadata'],
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts', '!src/cli/main.ts'],
  coverageReporters: ['text-summary', 'text'],
  testSequencer: '<rootDir>/test/support/slow-first.js',
  // Two cores: one worker each. Chaos tests start processes of their own.
  maxWorkers: 2,
  // Modules of finished suites stay in a worker's memory under native ESM; a worker that has grown is replaced by a fresh one.
  workerIdleMemoryLimit: '1GB',
  testTimeout: 30_000,
};
