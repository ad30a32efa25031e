// The layers: core <- typeorm, transports, observability <- nest. An arrow against this direction is an error.
//
// Version 17 of dependency-cruiser, not 16: only it reads TypeScript 6 with the TypeScript compiler. 16 falls back to
// swc, which cannot tell a type-only import from a real one, and then reports cycles that do not exist at run time.
const src = '^libs/mq/src';
const spec = '\\.spec\\.ts$';
/** Loaded on first use or not at all; applications that do not use them do not install them. */
const optionalPeers = 'node_modules/(undici|@aliyunmq/mq-http-sdk|@grpc/grpc-js|@grpc/proto-loader|@nestjs/schedule)/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Types may refer to each other; modules that load each other see half-initialised exports.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'An import that resolves to nothing escapes every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared',
      comment: "What the published code imports stands in its own package.json, not only in the workspace's.",
      severity: 'error',
      from: { path: '^libs/[^/]+/src/', pathNot: spec },
      to: {
        path: 'node_modules/',
        dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional', 'type-only', 'core'],
      },
    },
    {
      name: 'core-is-plain',
      comment: 'core is plain TypeScript: no Nest, no TypeORM, no network, nothing from outside but Node built-ins.',
      severity: 'error',
      from: { path: `${src}/core`, pathNot: spec },
      to: {
        pathNot: [
          `${src}/core`,
          '^(node:)?(crypto|async_hooks|events|util|perf_hooks|os|buffer|timers|path|process|url)(/|$)',
        ],
      },
    },
    {
      name: 'typeorm-layer',
      comment: 'The database layer knows core and TypeORM, never Nest nor a transport.',
      severity: 'error',
      from: { path: `${src}/typeorm` },
      to: { path: ['node_modules/@nestjs/', `${src}/(nest|transports|testing|observability)`, `${src}/index\\.ts$`] },
    },
    {
      name: 'transport-layer',
      comment: 'A transport never sees the outbox, a database, Nest or another transport.',
      severity: 'error',
      from: { path: `${src}/transports/([^/]+)/` },
      to: {
        path: [
          'node_modules/@nestjs/',
          'node_modules/typeorm/',
          `${src}/(nest|typeorm|testing|observability)`,
          `${src}/index\\.ts$`,
          `${src}/core/(store|publisher|relay|consumer|admin)`,
          `${src}/transports/`,
        ],
        pathNot: `${src}/transports/$1/`,
      },
    },
    {
      name: 'observability-layer',
      severity: 'error',
      from: { path: `${src}/observability` },
      to: {
        path: [
          'node_modules/@nestjs/',
          'node_modules/typeorm/',
          `${src}/(nest|typeorm|transports|testing)`,
          `${src}/index\\.ts$`,
        ],
      },
    },
    {
      name: 'testing-layer',
      comment: 'Conformance suites judge any store and any transport, so they know none but the one in memory.',
      severity: 'error',
      from: { path: `${src}/testing`, pathNot: spec },
      to: {
        path: [
          'node_modules/',
          `${src}/(nest|typeorm|observability)`,
          `${src}/transports/(?!memory/)`,
          `${src}/index\\.ts$`,
        ],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'nest-layer',
      comment: 'MqModule takes whichever transport it is given; only applications and tests choose one.',
      severity: 'error',
      from: { path: `${src}/nest` },
      to: { path: [`${src}/(transports|testing)`, `${src}/index\\.ts$`] },
    },
    {
      name: 'nest-internals-in-one-place',
      comment: "Nest's deep paths are not its public face: one file may know them.",
      severity: 'error',
      from: { path: src, pathNot: `${src}/nest/nest-internals\\.ts$` },
      to: { path: 'node_modules/@nestjs/[^/]+/.+', pathNot: 'node_modules/@nestjs/[^/]+/(dist/)?index\\.(d\\.ts|js)$' },
    },
    {
      name: 'root-loads-no-broker-client',
      comment: 'Importing the package (or /typeorm, /testing) must not need what only one transport needs.',
      severity: 'error',
      from: { path: `${src}/(index|typeorm/index|testing/index)\\.ts$` },
      to: { path: `${src}/transports/(?!memory/)`, reachable: true },
    },
    {
      name: 'optional-peers-are-lazy',
      comment: 'A static import of an optional package would make it required.',
      severity: 'error',
      from: { path: src, pathNot: spec },
      to: { path: optionalPeers, dependencyTypesNot: ['dynamic-import', 'type-only', 'type-import'] },
    },
    {
      name: 'library-never-sees-apps-or-tests',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|test|scripts|bench)/' },
    },
    {
      name: 'emulator-stands-alone',
      comment: 'The emulator judges the library from outside: it shares no code with it.',
      severity: 'error',
      from: { path: '^libs/mq-emulator/', pathNot: spec },
      to: { path: ['^libs/mq/', 'node_modules/'], pathNot: 'node_modules/@types/node/' },
    },
    {
      name: 'library-does-not-know-the-emulator',
      severity: 'error',
      from: { path: '^libs/mq/' },
      to: { path: '^libs/mq-emulator/' },
    },
    {
      name: 'apps-use-public-entries',
      comment: 'The sample shows what users can do, so it does only what users can do.',
      severity: 'error',
      from: { path: '^apps/' },
      to: {
        path: '^libs/[^/]+/src/',
        pathNot: '^libs/[^/]+/src/(index|testing/index|typeorm/index|transports/[^/]+/index)\\.ts$',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Our own output only: most packages resolve into a dist folder as well, and must stay visible.
    exclude: { path: '^(dist|libs/[^/]+/dist)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    // The library's own package.json says what it may import, not the workspace's.
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
