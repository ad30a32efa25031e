// `npm test`: says which services it found, builds the programs that tests start, runs jest, and ends with one plain
// line, `N passed, N failed`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfStale } from './build-if-stale.mjs';
import { findServices } from './support/services.mjs';

const HELP = `Usage: npm test -- [options] [arguments of jest]

  npm test                        everything
  npm test -- test/consumer       files whose path contains this
  npm test -- -t 'rolled back'    tests whose name contains this

Options:
  --no-build    do not build the programs that some tests start, even if they are out of date
  --help        this text

Environment:
  MQ_TEST_POSTGRES_URL   a PostgreSQL server; default postgres://postgres@127.0.0.1:5432, else one from npm is started
  MQ_TEST_MARIADB_URL    a MariaDB server; default mysql://root@127.0.0.1:3306, else its tests are left out
  MQ_TEST_MYSQL_URL      a MySQL server; default mysql://root@127.0.0.1:3306, else one is fetched once and started where apt
                         can do that (60 MB, nothing is installed), else its tests are left out
  MQ_TEST_ROCKETMQ_VERSION    which RocketMQ 5 is fetched from Maven and started; default the one the tests are made for
  MQ_TEST_ROCKETMQ_ENDPOINT   a running proxy, host:port, with MQ_TEST_ROCKETMQ_ADMIN (its broker) and MQ_TEST_ROCKETMQ_NAMESERVER
  CI                     if set, nothing but MySQL may be left out: what is missing is an error
`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** A run takes two thirds of this on two cores. What takes longer hangs, and is better told than waited for. */
const LIMIT_MS = 33 * 60_000;

const ownOptions = new Set(['--help', '--no-build']);
const given = process.argv.slice(2);
const jestArguments = given.filter((argument) => !ownOptions.has(argument));

if (given.includes('--help')) {
  process.stdout.write(HELP);
} else {
  process.exitCode = await main();
}

async function main() {
  const startedAt = performance.now();
  const services = await findServices();
  say('services', services.found);
  if (process.env.CI && services.missing.length > 0) {
    say('missing, and under CI nothing may be left out', services.missing);
    return 1;
  }

  if (!given.includes('--no-build')) {
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
  const leftOut = [...services.missing, ...services.missingEvenUnderCi];
  if (leftOut.length > 0) say('left out', leftOut);
  if (counts.notRun > 0) say(`${counts.notRun} tests were skipped by what is written in them`);
  say(`done in ${seconds(startedAt)} s`);
  console.log(`\n${counts.passed} passed, ${failed} failed`);
  const complete = counts.notRun === 0 || !process.env.CI || jestArguments.length > 0;
  return failed === 0 && complete ? 0 : 1;
}

async function runJest(env) {
  const folder = mkdtempSync(join(tmpdir(), 'mq-test-counts-'));
  const countsFile = join(folder, 'counts.json');
  const jest = spawn(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), ...jestArguments], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env, MQ_TEST_COUNTS: countsFile },
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

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, notRun: 0 };
  }
}

function say(title, lines = []) {
  console.log(`\n== ${title}`);
  for (const line of lines) console.log(`  ${line}`);
}

function seconds(since) {
  return ((performance.now() - since) / 1000).toFixed(0);
}
