// The layers: core <- typeorm, transports, observability <- nest. An arrow against this direction is an error.
//
// Version 17 of dependency-cruiser, not 16: only it reads TypeScript 6 with the TypeScript compiler. 16 falls back to
// swc, which cannot tell a type-only import from a real one, and then reports cycles that do not exist at run time.
const src = '^libs/mq/src';
const spec = '\\.spec\\.ts$';
/** Loaded on first use or not at all; applications that do not use them do not install them. */
const optionalPeers =
  'node_modules/(@aliyunmq/mq-http-sdk|@grpc/grpc-js|@grpc/proto-loader|@nestjs/schedule|commander)/';

const publicEntries =
  '^libs/[^/]+/src/(index|testing/index|spi/index|typeorm/index|cli/index|(transports|integrations)/[^/]+/index)\\.ts$';

/** The rooms of a folder from the ground up. A room uses those before it, and its types as little as its code those after it. */
const rooms = {
  [`${src}/core`]: [
    ...['runtime', 'errors', 'message', 'events', 'transport', 'store', 'tracing'],
    ...['explain', 'retry', 'config', 'pauses', 'relay', 'publisher', 'consumer', 'nodes', 'operators'],
  ],
  [`${src}/core/consumer`]: ['handlers', 'lease', 'state', 'delivery', 'batch', 'polling'],
  [`${src}/typeorm`]: [
    ...['sql', 'databases', 'connection', 'transaction', 'entities'],
    ...['migrations', 'rename', 'settings', 'store', 'operations', 'evidence', 'delivery'],
  ],
};

/** Rules for one folder: no arrow up, files beside the rooms are above all of them, and no room is left out of the list. */
const roomRules = ([folder, names]) => [
  ...names.map((room, i) => ({
    name: `no-arrow-up/${folder.split('/').at(-1)}/${room}`,
    comment: `The rooms of ${folder.slice(1)}, from the ground up: ${names.join(', ')}.`,
    severity: 'error',
    from: { path: `${folder}/${room}/`, pathNot: spec },
    to: { path: [...names.slice(i + 1).map((upper) => `${folder}/${upper}/`), `${folder}/[^/]+$`] },
  })),
  {
    name: `every-room-has-its-floor/${folder.split('/').at(-1)}`,
    comment: 'A folder that is not in the list above would escape the rule about arrows.',
    severity: 'error',
    from: { path: `${folder}/[^/]+/`, pathNot: `${folder}/(${names.join('|')})/` },
    to: {},
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(rooms).flatMap(roomRules),
    {
      name: 'no-cycles',
      comment: 'Nobody can say which of two files that refer to each other comes first; neither can a module loader.',
      severity: 'error',
      from: {},
      to: { circular: true },
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
      to: {
        path: [
          'node_modules/@nestjs/',
          `${src}/(nest|transports|testing|spi|observability|doctor)`,
          `${src}/index\\.ts$`,
        ],
      },
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
          `${src}/(nest|typeorm|testing|spi|observability)`,
          `${src}/index\\.ts$`,
          `${src}/core/(store|relay|publisher|consumer)/`,
          `${src}/transports/`,
        ],
        // How a package is loaded that only some applications have.
        pathNot: [`${src}/transports/$1/`, `${src}/transports/peers/`],
      },
    },
    {
      name: 'observability-layer',
      severity: 'error',
      from: { path: `${src}/observability`, pathNot: spec },
      to: {
        path: [
          'node_modules/@nestjs/',
          'node_modules/typeorm/',
          `${src}/(nest|typeorm|transports|testing|spi)`,
          `${src}/index\\.ts$`,
        ],
      },
    },
    {
      name: 'doctor-layer',
      comment: 'A doctor reads configuration, tables and broker, whether or not an application runs.',
      severity: 'error',
      from: { path: `${src}/doctor` },
      to: {
        path: [
          'node_modules/@nestjs/',
          `${src}/(nest|transports|testing|spi|observability|cli|integrations)`,
          `${src}/index\\.ts$`,
        ],
      },
    },
    {
      name: 'testing-layer',
      comment:
        'Tests of applications need no database and no broker, so nothing here knows one but the broker in memory. What of it works ' +
        'on applications has a rule of its own.',
      severity: 'error',
      from: { path: `${src}/testing`, pathNot: [spec, `${src}/testing/(index|kit/.+)\\.ts$`] },
      to: {
        path: [
          'node_modules/',
          `${src}/(nest|typeorm|observability|spi)`,
          `${src}/transports/(?!memory/)`,
          `${src}/index\\.ts$`,
        ],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'testing-kit-layer',
      comment:
        'What works on applications knows how they are assembled, and still no database and no broker but the one in memory.',
      severity: 'error',
      from: { path: `${src}/testing/(index|kit/.+)\\.ts$`, pathNot: spec },
      to: {
        path: [
          'node_modules/(?!@nestjs/(common|core)/|typeorm/)',
          `${src}/(observability|spi)`,
          `${src}/transports/(?!memory/)`,
          `${src}/index\\.ts$`,
        ],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'spi-layer',
      comment: 'Conformance suites judge any store and any transport, so they know none of them.',
      severity: 'error',
      from: { path: `${src}/spi`, pathNot: spec },
      to: {
        path: ['node_modules/', `${src}/(?!spi/|core/)`],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'nest-layer',
      comment: 'MqModule takes whichever transport it is given; only applications and tests choose one.',
      severity: 'error',
      from: { path: `${src}/nest` },
      to: { path: [`${src}/(transports|testing|spi)`, `${src}/index\\.ts$`] },
    },
    {
      name: 'cli-layer',
      comment:
        'Commands work on any application, so they know no transport. How an optional package is loaded they may use.',
      severity: 'error',
      from: { path: `${src}/cli` },
      to: { path: [`${src}/(transports/(?!peers/)|testing|spi)`, `${src}/index\\.ts$`] },
    },
    {
      name: 'nothing-needs-the-cli',
      comment: 'Applications that run must not load what only their commands need.',
      severity: 'error',
      from: { path: src, pathNot: `${src}/cli` },
      to: { path: [`${src}/cli`, 'node_modules/commander/'] },
    },
    {
      name: 'nest-public-face-only',
      comment:
        "Nest's deep paths are not its public face: they may move in any release. One file has those without which handlers could not " +
        'have enhancers, and the tests of the package try it with the oldest and newest Nest.',
      severity: 'error',
      from: { path: src, pathNot: `${src}/nest/enhancers/nest-internals\\.ts$` },
      to: { path: 'node_modules/@nestjs/[^/]+/.+', pathNot: 'node_modules/@nestjs/[^/]+/(dist/)?index\\.(d\\.ts|js)$' },
    },
    {
      name: 'integration-layer',
      comment:
        'An entry for one other package, which it alone imports, or for a file. Nothing of the library imports it.',
      severity: 'error',
      from: { path: `${src}/integrations/([^/]+)/` },
      to: {
        path: [
          'node_modules/typeorm/',
          `${src}/(typeorm|transports|testing|spi)`,
          `${src}/index\\.ts$`,
          `${src}/integrations/`,
        ],
        pathNot: `${src}/integrations/$1/`,
      },
    },
    {
      name: 'nothing-needs-an-integration',
      severity: 'error',
      from: { path: src, pathNot: [`${src}/integrations/`, spec] },
      to: { path: [`${src}/integrations/`, 'node_modules/(@opentelemetry|prom-client|@nestjs/(cqrs|microservices))/'] },
    },
    {
      name: 'root-loads-no-broker-client',
      comment: 'Importing the package (or /typeorm, /testing, /spi) must not need what only one transport needs.',
      severity: 'error',
      from: { path: `${src}/(index|typeorm/index|testing/index|spi/index)\\.ts$` },
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
        pathNot: publicEntries,
      },
    },
    {
      name: 'white-box-is-declared',
      comment: 'Only test/white-box sees the inside of the libraries; every other test does what users can do.',
      severity: 'error',
      // The scripted proxy speaks RocketMQ's public protocol, of which a script makes one file, inside the library.
      from: { path: '^test/', pathNot: '^test/(white-box/|support/rocketmq/protocol\\.ts$)' },
      to: { path: '^libs/[^/]+/src/', pathNot: publicEntries },
    },
    {
      name: 'suites-do-not-know-each-other',
      comment: 'What several suites need stands in test/support.',
      severity: 'error',
      // Runs files of other suites once more, through PgBouncer.
      from: { path: '^test/([^/]+)/', pathNot: '^test/databases/pgbouncer/' },
      to: { path: '^test/', pathNot: '^test/(support|$1)/' },
    },
    {
      name: 'support-serves-its-own-folder',
      comment:
        'A folder named support is for the folder that it stands in; what more than that need stands in test/support.',
      severity: 'error',
      from: { path: '^test/([^/]+)/([^/]*)/?([^/]*)/?([^/]*)' },
      to: {
        path: '^test/.+/support/',
        pathNot: ['$1', '$1/$2', '$1/$2/$3', '$1/$2/$3/$4'].map((folder) => `^test/${folder}/support/`),
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
