// `npm test`: says which services it found, builds the programs that tests start, runs jest, and ends with one plain
// line, `N passed, N failed`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from './build-if-stale.mjs';
import { CLUSTER, LEFT_OUT_WITHOUT_CLUSTER } from './support/cluster-tests.mjs';
import { FAST, LEFT_OUT_OF_FAST, NOT_FAST } from './support/fast-tests.mjs';
import { findFastServices, findServices } from './support/services.mjs';

/** @typedef {{ passed: number, failed: number, notRun: number }} Counts */

const HELP = `Usage: npm test -- [options] [arguments of jest]

  npm test                        everything but clusters
  npm test -- test/guarantees     files whose path contains this
  npm test -- -t 'rolled back'    tests whose name contains this
  npm run test:cluster            RocketMQ of two brokers and two proxies, that are killed and frozen. Takes five minutes
  npm run test:fast               under a minute: no broker's process, no kills, PostgreSQL alone. Says what it leaves out

Options:
  --fast        what npm run test:fast does
  --cluster     what npm run test:cluster does
  --no-build    do not build the programs that some tests start, even if they are out of date
  --help        this text

Environment:
  MQ_TEST_POSTGRES_URL   a PostgreSQL server; default postgres://postgres@127.0.0.1:5432, else one from npm is started
  MQ_TEST_MARIADB_URL    a MariaDB server; default mysql://root@127.0.0.1:3306, else its tests are left out
  MQ_TEST_MYSQL_URL      a MySQL server; default mysql://root@127.0.0.1:3306, else one is fetched once and started where apt
                         can do that (60 MB, nothing is installed), else its tests are left out
  MQ_TEST_ROCKETMQ_VERSION    which RocketMQ 5 is fetched from Maven and started; default the one the tests are made for
  MQ_TEST_ROCKETMQ_ENDPOINT   a running proxy, host:port, with MQ_TEST_ROCKETMQ_ADMIN (its broker) and MQ_TEST_ROCKETMQ_NAMESERVER
  MQ_TEST_EVERY_DATABASE if set, programs are tested on each database; unless set, each file of theirs on one, in turns
  CI                     if set, nothing but MySQL may be left out: what is missing is an error
`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** A run takes a third of this on two cores, and most of it on slow ones. What takes longer hangs, and is better told than waited for. */
const LIMIT_MS = 45 * 60_000;

const ownOptions = new Set(['--help', '--no-build', '--fast', '--cluster']);
const given = process.argv.slice(2);
const fast = given.includes('--fast');
const cluster = given.includes('--cluster') || given.some((argument) => argument.includes(CLUSTER));
const jestArguments = [
  ...given.filter((argument) => !ownOptions.has(argument)),
  ...(given.includes('--cluster') ? [CLUSTER] : []),
  ...(fast ? [...FAST, '--testPathIgnorePatterns', '/node_modules/', NOT_FAST] : []),
];

if (given.includes('--help')) {
  process.stdout.write(HELP);
} else {
  process.exitCode = await main();
}

async function main() {
  const startedAt = performance.now();
  const services = fast ? await findFastServices() : await findServices();
  say('services', services.found);
  if (process.env.CI && services.missing.length > 0) {
    say('missing, and under CI nothing may be left out', services.missing);
    return 1;
  }

  if (!fast && !given.includes('--no-build')) {
    say('programs that tests start');
    try {
      await buildIfStale((line) => console.log(`  ${line}`));
    } catch (error) {
      console.error(`${error.message}\nTests that start no program run without them: npm test -- --no-build`);
      return 1;
    }
    console.log(`  up to date after ${seconds(startedAt)} s`);
  }

  say('jest');
  const { code, counts, stopped } = await runJest(services.env);
  // A run that was stopped, or could not start, is a failure, whatever its tests said until then.
  const failed = counts.failed || (code === 0 && !stopped ? 0 : 1);

  if (stopped) say(`stopped after ${LIMIT_MS / 60_000} minutes: something hangs`);
  const everything = [
    ...services.missing,
    ...services.missingEvenUnderCi,
    ...(cluster ? [] : [LEFT_OUT_WITHOUT_CLUSTER]),
  ];
  const leftOut = fast ? LEFT_OUT_OF_FAST : everything;
  if (leftOut.length > 0) say('left out', leftOut);
  if (counts.notRun > 0) say(`${counts.notRun} tests were skipped by what is written in them`);
  say(`done in ${seconds(startedAt)} s`);
  console.log(`\n${counts.passed} passed, ${failed} failed`);
  const complete = counts.notRun === 0 || !process.env.CI || jestArguments.length > 0;
  return failed === 0 && complete ? 0 : 1;
}

/**
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<{ code: number, counts: Counts, stopped: boolean }>}
 */
async function runJest(env) {
  const folder = mkdtempSync(join(tmpdir(), 'mq-test-counts-'));
  const countsFile = join(folder, 'counts.json');
  const jest = spawn(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), ...jestArguments], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env, MQ_TEST_COUNTS: countsFile, ...(cluster && { MQ_TEST_CLUSTER: '1' }) },
  });
  // The terminal signals jest as well: let it stop its database, and then say how far it came.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => jest.kill('SIGTERM'));

  let stopped = false;
  const limit = setTimeout(() => {
    stopped = true;
    jest.kill('SIGINT');
    setTimeout(() => jest.kill('SIGKILL'), 15_000).unref();
  }, LIMIT_MS);
  const code = await new Promise((resolve) => jest.once('exit', (exit) => resolve(exit ?? 1)));
  clearTimeout(limit);

  const counts = readCounts(countsFile);
  rmSync(folder, { recursive: true, force: true });
  return { code, counts, stopped };
}

/**
 * @param {string} file
 * @returns {Counts}
 */
function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, notRun: 0 };
  }
}

/**
 * @param {string} title
 * @param {string[]} [lines]
 */
function say(title, lines = []) {
  console.log(`\n== ${title}`);
  for (const line of lines) console.log(`  ${line}`);
}

/** @param {number} since */
function seconds(since) {
  return ((performance.now() - since) / 1000).toFixed(0);
}
