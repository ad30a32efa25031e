import { cp, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { run } from '../support/run.mjs';
import { COMMON_PACKAGES, TEMPLATES } from '../templates.mjs';

const FIXTURES = fileURLToPath(new URL('../fixtures/bundle', import.meta.url));
const PACKAGES = [
  '@nestjs/common@12',
  '@nestjs/core@12',
  '@nestjs/schedule@12',
  ...TEMPLATES.find(({ name }) => name === 'nest-12-esm').install,
  'reflect-metadata@0.2',
  'rxjs@7',
  ...COMMON_PACKAGES,
  'nestjs-cls@6',
  '@nestjs-cls/transactional@3',
  '@nestjs-cls/transactional-adapter-typeorm@1',
  'esbuild@0.25',
];

/** What Nest imports if somebody needs it. Nothing of this library is among them, also not what is not installed. */
const EXTERNAL = [
  'class-transformer',
  'class-validator',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
];

/** Nest 12 and TypeORM ask for `require` in one format and for `import.meta.url` in the other, as any bundle of them. */
const FORMATS = {
  esm: [
    `--banner:js=import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);`,
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
 */
export async function checkBundles(folder, tarball, newDatabase) {
  const cwd = join(folder, 'bundle');
  await mkdir(cwd);
  await writeFile(join(cwd, 'package.json'), '{ "private": true }');
  await cp(FIXTURES, cwd, { recursive: true });
  await install(cwd, [...PACKAGES, tarball]);
  await checkLibrary('nestjs-cls');
  // Only now, since bundles of applications without it have to get along without it.
  await install(cwd, ['typeorm-transactional@0.5']);
  await checkLibrary('typeorm-transactional');

  async function checkLibrary(entry) {
    for (const [format, args] of Object.entries(FORMATS)) {
      const alone = join(folder, `bundled-${entry}-${format}`);
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

async function install(cwd, packages) {
  await run('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', ...packages], { cwd });
}

/** Fails on warnings, too: one of them is how esbuild says that it leaves an import to the moment it is run. */
async function bundle(cwd, entry, args) {
  const externals = EXTERNAL.map((name) => `--external:${name}`);
  const output = await run('npx', ['esbuild', entry, ...OPTIONS, ...externals, ...args], { cwd });
  if (/\[WARNING\]/.test(output)) throw new Error(`esbuild warns:\n${output}`);
}
