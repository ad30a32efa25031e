// The layers: core <- typeorm, transports, observability <- nest. An arrow against this direction is an error.
const src = '^libs/mq/src';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'core-is-plain',
      comment: 'core is plain TypeScript: no Nest, no TypeORM, no network, nothing from outside but Node built-ins.',
      severity: 'error',
      from: { path: `${src}/core`, pathNot: '\\.spec\\.ts$' },
      to: { pathNot: [`${src}/core`, '^(node:)?(crypto|async_hooks|events|util|perf_hooks|os|buffer|timers|path|process|url)(/|$)'] },
    },
    {
      name: 'no-network-in-core',
      severity: 'error',
      from: { path: `${src}/core`, pathNot: '\\.spec\\.ts$' },
      to: { path: '^(node:)?(net|http|https|http2|tls|dns|dgram|fs)(/|$)' },
    },
    {
      name: 'typeorm-layer',
      comment: 'The database layer knows core and TypeORM, never Nest nor a transport.',
      severity: 'error',
      from: { path: `${src}/typeorm` },
      to: { path: ['node_modules/@nestjs/', `${src}/(nest|transports|testing|observability)`] },
    },
    {
      name: 'transport-layer',
      comment: 'A transport never sees the outbox, a database, Nest or another transport.',
      severity: 'error',
      from: { path: `${src}/transports/([^/]+)/` },
      to: {
        path: ['node_modules/@nestjs/', 'node_modules/typeorm/', `${src}/(nest|typeorm|testing|observability)`, `${src}/core/(store|publisher|relay|consumer|admin)`, `${src}/transports/`],
        pathNot: `${src}/transports/$1/`,
      },
    },
    {
      name: 'observability-layer',
      severity: 'error',
      from: { path: `${src}/observability` },
      to: { path: ['node_modules/@nestjs/', 'node_modules/typeorm/', `${src}/(nest|typeorm|transports|testing)`] },
    },
    {
      name: 'nest-internals-in-one-place',
      severity: 'error',
      from: { path: src, pathNot: `${src}/nest/nest-internals\\.ts$` },
      to: { path: 'node_modules/@nestjs/(common|core)/.+/.+', dependencyTypes: ['npm', 'npm-peer'], pathNot: 'node_modules/@nestjs/(common|core)/index' },
    },
    {
      name: 'library-never-sees-apps-or-tests',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(apps|test)/' },
    },
    {
      name: 'emulator-stands-alone',
      comment: 'The emulator judges the library from outside: it shares no code with it.',
      severity: 'error',
      from: { path: '^libs/mq-emulator/', pathNot: '\\.spec\\.ts$' },
      to: { path: ['^libs/mq/', 'node_modules/'] },
    },
    {
      name: 'apps-use-public-entries',
      severity: 'error',
      from: { path: '^apps/' },
      to: { path: '^libs/[^/]+/src/', pathNot: '^libs/[^/]+/src/(index|testing/index|typeorm/index|transports/[^/]+/index)\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
