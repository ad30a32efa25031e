// The kill test: processes die at every step of a message's way, and nothing may be lost, doubled or invented.
import { parseArgs } from 'node:util';
import { findDatabases } from '../support/find-databases.mjs';
import { KillTest } from './kill-test.mjs';

const HELP = `Usage: npm run test:kill -- [options]

Kills publishers, relays and consumers with SIGKILL, each time at one step of a message's way that the database or the
broker saw, and checks what became of every message. Needs PostgreSQL and MySQL/MariaDB (MQ_TEST_POSTGRES_URL and
MQ_TEST_MYSQL_URL, or the standard ports of this machine). Takes some minutes for each database.

  --database NAME      postgres or mysql; both unless given
  --kills-per-step N   5 unless given
  --help               this text`;

const { values } = parseArgs({
  options: {
    database: { type: 'string' },
    'kills-per-step': { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const found = await findDatabases();
const wanted = values.database ? [values.database] : ['postgres', 'mysql'];
const missing = wanted.filter((name) => !found[name]);
if (missing.length > 0) {
  console.error(
    `The kill test needs ${missing.join(' and ')}, which does not answer. Start it, or name it: see --help.`,
  );
  process.exit(1);
}

let failed = false;
for (const name of wanted) {
  const test = new KillTest(name, found[name], Number(values['kills-per-step']));
  const stop = () => void test.cleanUp().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const report = await test.run();
    console.log(report.text);
    failed ||= !report.passed;
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    failed = true;
  } finally {
    await test.cleanUp();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
process.exit(failed ? 1 : 0);
