import { cp, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { run } from '../support/run.mjs';
import { peersAt } from '../peers.mjs';

const FIXTURES = fileURLToPath(new URL('../fixtures/bundle', import.meta.url));
/** What the peers need besides, at either end. */
const PACKAGES = {
  oldest: ['nestjs-cls@6.0.1', '@nestjs-cls/transactional-adapter-typeorm@1.3.0'],
  newest: ['nestjs-cls@6', '@nestjs-cls/transactional-adapter-typeorm@1'],
};
const LATER = 'typeorm-transactional';

/** What Nest and the oldest pg import if somebody needs it. Nothing of this library is among them, also not what is not installed. */
const EXTERNAL = [
  'class-transformer',
  'class-validator',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'pg-native',
];

/**
 * Nest 12, TypeORM and the oldest @grpc/grpc-js ask for `require` and `__dirname` in one format and for `import.meta.url` in the
 * other, as in any bundle of them.
 */
const FORMATS = {
  esm: [
    `--banner:js=import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url); const __dirname = import.meta.dirname;`,
  ],
  cjs: [
    `--banner:js=const urlOfBundle = require('node:url').pathToFileURL(__filename).href;`,
    '--define:import.meta.url=urlOfBundle',
  ],
};

/** Names are shortened, since nothing may depend on those of classes. Lines are not: Node prints the one that threw. */
const OPTIONS = [
  '--bundle',
  '--minify-identifiers',
  '--platform=node',
  '--target=node20',
  '--log-level=warning',
  '--color=false',
];

/** Three attempts whose services each wrote in the transaction of their delivery, so only the last one's receipt is there. */
const EXPECTED = 'attempts: 3, receipts: 1, intervals: mq:reproduce\n';

/**
 * An application with a library for `@Transactional()`, bundled into one file that is run where nothing is installed: what was
 * not bundled is not found.
 *
 * @param {string} folder
 * @param {string} tarball
 * @param {() => Promise<{ url: string }>} newDatabase
 * @param {'oldest' | 'newest'} end
 */
export async function checkBundles(folder, tarball, newDatabase, end) {
  const cwd = join(folder, `bundle-${end}`);
  await mkdir(cwd);
  await writeFile(join(cwd, 'package.json'), '{ "private": true }');
  await cp(FIXTURES, cwd, { recursive: true });
  await install(cwd, [...peersAt(end, [LATER]), ...PACKAGES[end], 'esbuild@0.25', tarball]);
  await checkLibrary('nestjs-cls');
  // Only now, since bundles of applications without it have to get along without it.
  await install(cwd, [...peersAt(end), ...PACKAGES[end]]);
  await checkLibrary('typeorm-transactional');

  /** @param {string} entry */
  async function checkLibrary(entry) {
    for (const [format, args] of Object.entries(FORMATS)) {
      const alone = join(folder, `bundled-${end}-${entry}-${format}`);
      await mkdir(alone);
      const outfile = join(alone, format === 'esm' ? 'main.mjs' : 'main.cjs');
      await bundle(cwd, `${entry}.ts`, [...args, `--format=${format}`, `--outfile=${outfile}`]);
      const env = { DATABASE_URL: (await newDatabase()).url, NO_COLOR: '1' };
      const printed = await run(process.execPath, [outfile], { cwd: alone, env, timeoutMs: 60_000 });
      if (printed !== EXPECTED)
        throw new Error(`${entry}, ${format}: expected ${EXPECTED}but the bundle printed\n${printed}`);
      console.log(`          ${entry}, ${format}: ${printed.trim()}`);
    }
  }
}

/**
 * @param {string} cwd
 * @param {string[]} packages
 */
async function install(cwd, packages) {
  await run('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', ...packages], { cwd });
}

/**
 * Fails on warnings, too: one of them is how esbuild says that it leaves an import to the moment it is run.
 *
 * @param {string} cwd
 * @param {string} entry
 * @param {string[]} args
 */
async function bundle(cwd, entry, args) {
  const externals = EXTERNAL.map((name) => `--external:${name}`);
  const output = await run('npx', ['esbuild', entry, ...OPTIONS, ...externals, ...args], { cwd });
  if (/\[WARNING\]/.test(output)) throw new Error(`esbuild warns:\n${output}`);
}
