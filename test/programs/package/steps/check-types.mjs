import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ended, run, start } from '../support/run.mjs';

/** How applications resolve packages: the templates of today, those before them, and bundlers. */
const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  'node16, CommonJS': { module: 'node16', moduleResolution: 'node16' },
  'node10, which knows no `exports`': {
    module: 'commonjs',
    moduleResolution: 'node10',
    resolvePackageJsonExports: null,
  },
  bundler: { module: 'es2022', moduleResolution: 'bundler' },
};

const ENTRIES = [
  '',
  '/aliyun-http',
  '/rocketmq',
  '/typeorm',
  '/testing',
  '/spi',
  '/daily-log',
  '/terminus',
  '/cqrs',
  '/microservices',
  '/otel',
  '/prometheus',
  '/cli',
];

/**
 * Compiles an application's sources as each kind of application would, and the library's types where least is known.
 *
 * @param {string} cwd
 * @param {{ extension: string }} options
 */
export async function checkTypes(cwd, { extension }) {
  // Imports that end in `.js` are those of ESM, which the older resolutions do not know.
  if (extension === '') {
    for (const [name, resolution] of Object.entries(RESOLUTIONS)) {
      await compile(cwd, { extends: './tsconfig.json', compilerOptions: resolution, include: ['src'] });
      console.log(`          types found with ${name}`);
    }
  }
  await checkOldLibrary(cwd);
}

/**
 * The declarations of the library themselves, without `skipLibCheck`, for a `lib` that knows no later JavaScript than that of
 * 2021: TypeScript's own declarations of later years are in nobody's tsconfig because of this library. What other packages
 * declare is theirs.
 *
 * @param {string} cwd
 */
async function checkOldLibrary(cwd) {
  const source = ENTRIES.map((entry, i) => `export * as entry${i} from 'nestjs-reliable-mq${entry}';\n`).join('');
  await writeFile(join(cwd, 'entries.ts'), source);
  const compilerOptions = {
    lib: ['ES2021'],
    target: 'ES2021',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: false,
  };
  const output = await compile(cwd, { compilerOptions, include: ['entries.ts'] }, { mayFail: true });
  const ours = output.split('\n').filter((line) => /(^|\/)(nestjs-reliable-mq\/|entries\.ts)/.test(line));
  if (ours.length > 0) throw new Error(`types of the library with lib ES2021:\n${ours.join('\n')}`);
  console.log('          types need no later lib than ES2021');
}

/**
 * @param {string} cwd
 * @param {{ compilerOptions: object, extends?: string, include: string[] }} config
 * @param {{ mayFail?: boolean }} [options]
 */
async function compile(cwd, config, { mayFail = false } = {}) {
  const file = join(cwd, 'tsconfig.resolution.json');
  const compilerOptions = { ...config.compilerOptions, noEmit: true, incremental: false };
  await writeFile(file, JSON.stringify({ ...config, compilerOptions }));
  const args = ['tsc', '-p', file, '--pretty', 'false'];
  if (!mayFail) return run('npx', args, { cwd });
  const child = start('npx', args, { cwd });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  await ended(child);
  return output;
}
