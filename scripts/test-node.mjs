// `npm run test:node -- 22 24`: the library on other versions of Node than the one that is installed here.
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ended, kill, killAll, run, start } from '../test/programs/package/support/run.mjs';
import { readOptions } from './support/read-options.mjs';

const HELP = `Usage: npm run test:node -- [options] MAJOR...

  npm run test:node -- 22 24      the newest Node 22, then the newest Node 24

For each of them: Node from npm (kept in ~/.cache), a copy of the working tree, and there \`npm ci\`, both builds, and the
tests that need no broker: libs, test/nest, test/databases/store and test/guarantees, on PostgreSQL alone. Takes minutes.

Options:
  --keep    leave the copies, and say where they are
  --help    this text
`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(homedir(), '.cache', 'nestjs-reliable-mq', 'node');
/** What differs between versions of Node is the runtime and not the SQL: one database is enough. */
const TESTS = ['libs/', 'test/nest', 'test/databases/store', 'test/guarantees', '-t', '^(?!.*\\((MariaDB|MySQL)\\))'];
const INSTALL_LIMIT_MS = 10 * 60_000;
const TEST_LIMIT_MS = 25 * 60_000;

const { values: options, positionals: majors } = readOptions({
  allowPositionals: true,
  options: { keep: { type: 'boolean' }, help: { type: 'boolean' } },
});

if (options.help) {
  process.stdout.write(HELP);
} else if (majors.length === 0 || majors.some((major) => !/^\d+$/.test(major))) {
  process.stderr.write(HELP);
  process.exitCode = 2;
} else {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      killAll();
      process.exit(1);
    });
  }
  await main();
}

async function main() {
  /** @type {string[]} */
  const results = [];
  for (const major of majors) {
    try {
      results.push(await tryNode(major));
    } catch (error) {
      console.error(error.message);
      results.push(`Node ${major}: FAILED`);
      process.exitCode = 1;
    }
  }
  console.log(`\n${results.join('\n')}`);
}

/** @param {string} major */
async function tryNode(major) {
  const node = await fetchNode(major);
  const env = { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  const version = (await run(node, ['--version'], { cwd: ROOT })).trim();
  const copy = await mkdtemp(join(tmpdir(), `mq-node-${major}-`));
  try {
    await copyTree(copy);
    /** @param {...string} args */
    const npm = (...args) => run('npm', args, { cwd: copy, env, timeoutMs: INSTALL_LIMIT_MS });
    await step(`${version}: npm ci`, () => npm('ci', '--no-audit', '--no-fund'));
    await step(`${version}: npm run build`, () => npm('run', 'build'));
    const counts = await step(`${version}: npm test`, () => runTests(copy, env));
    return `Node ${version}: ${counts}`;
  } finally {
    if (options.keep) console.log(`kept: ${copy}`);
    else await rm(copy, { recursive: true, force: true });
  }
}

/**
 * The package with the program for this machine, and not the one named `node`: that fetches this one in an install script.
 *
 * @param {string} major
 */
async function fetchNode(major) {
  const folder = join(CACHE, major);
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  await mkdir(folder, { recursive: true });
  await step(`fetch Node ${major}`, () =>
    run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${major}`], {
      cwd: folder,
    }),
  );
  const { bin } = JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
  return join(folder, 'node_modules', name, bin.node);
}

/**
 * What git would take, as it is now: without what builds and installs left here.
 *
 * @param {string} target
 */
async function copyTree(target) {
  const list = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  for (const file of list.split('\0').filter(Boolean)) {
    await mkdir(dirname(join(target, file)), { recursive: true });
    await copyFile(join(ROOT, file), join(target, file)).catch((error) => {
      // Deleted here, and not yet in the index.
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

/**
 * Shows what the tests say while they say it.
 *
 * @param {string} cwd
 * @param {Record<string, string>} env
 */
async function runTests(cwd, env) {
  const child = start('npm', ['test', '--', ...TESTS], { cwd, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
  }
  const limit = setTimeout(() => kill(child), TEST_LIMIT_MS);
  const [code, signal] = await ended(child);
  clearTimeout(limit);
  const counts = /^\d+ passed, \d+ failed$/m.exec(output)?.[0];
  if (code !== 0 || !counts) throw new Error(`the tests ended with ${code ?? signal}: ${counts ?? 'no counts'}`);
  return counts;
}

/**
 * @template Result
 * @param {string} title
 * @param {() => Promise<Result>} work
 */
async function step(title, work) {
  const startedAt = performance.now();
  console.log(`\n== ${title}`);
  const result = await work();
  console.log(`   ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  return result;
}
