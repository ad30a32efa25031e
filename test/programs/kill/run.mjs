// The kill test: processes die at every step of a message's way, and nothing may be lost, doubled or invented.
import { findDatabases } from '../../support/find-databases.mjs';
import { findMysql } from '../../support/mysql/find-mysql.mjs';
import { startMysql } from '../../support/mysql/start-mysql.mjs';
import { startEmulatorBroker } from './emulator-broker.mjs';
import { startRocketmqBroker, startRocketmqClusterBroker } from './rocketmq-broker.mjs';
import { buildIfStale } from '../../../scripts/build-if-stale.mjs';
import { readOptions, refuseOption } from '../../../scripts/support/read-options.mjs';

/**
 * @typedef {object} TransportUnderTest
 * @property {string} [protocol]
 * @property {import('./observed-broker.mjs').StartObservedBroker} startBroker
 * @property {number} brokerKills
 * @property {Database[]} databases
 * @property {boolean} [onlyNamed]
 */

/** @type {Record<string, TransportUnderTest>} */
const TRANSPORTS = {
  'aliyun-http': {
    startBroker: startEmulatorBroker,
    brokerKills: 0, // the emulator is not among the victims
    databases: ['postgres', 'mariadb', 'mysql'],
  },
  // What a database does is the same whichever broker the messages go to, and each run takes minutes.
  rocketmq: { startBroker: startRocketmqBroker, brokerKills: 1, databases: ['postgres'] },
  // CI has an hour, of which the others take most.
  'rocketmq-cluster': {
    protocol: 'rocketmq',
    startBroker: startRocketmqClusterBroker,
    brokerKills: 2,
    databases: ['postgres'],
    onlyNamed: true,
  },
};
const DATABASES = /** @type {const} */ (['postgres', 'mariadb', 'mysql']);
/** @typedef {typeof DATABASES[number]} Database */

const brokerKills = Object.entries(TRANSPORTS)
  .filter(([, { brokerKills: kills }]) => kills > 0)
  .map(([name, { brokerKills: kills }]) => `${kills} on ${name}`)
  .join(', ');

const HELP = `Usage: npm run test:kill -- [options]

Kills publishers, relays and consumers with SIGKILL, each time at one step of a message's way that the database or the
broker saw, and checks what became of every message. On the transport rocketmq, whose broker is a real RocketMQ 5, the
broker is killed as well, and starts again with what it had. Needs PostgreSQL and MariaDB (MQ_TEST_POSTGRES_URL and
MQ_TEST_MARIADB_URL, or the standard ports of this machine), and for rocketmq a JDK, and Maven the first time. MySQL is the
one of MQ_TEST_MYSQL_URL, or is fetched and started; where that cannot be done it is left out, and that is said. Takes one
to three minutes for each transport on each database.

  --transport NAME     aliyun-http (the emulator in this repository) or rocketmq; both unless given. rocketmq-cluster has two
                       brokers and two proxies, all among the victims, and runs only when it is named: it takes ten minutes
  --database NAME      postgres, mariadb or mysql; unless given all on aliyun-http, postgres on the others
  --only TEXT          steps whose name contains this, e.g. 'relay: after'; all unless given
  --kills-per-step N   1 unless given
  --broker-kills N     at each step at which the broker dies; unless given ${brokerKills}; 0 to spare it
  --help               this text`;

const { values } = readOptions({
  options: {
    transport: { type: 'string' },
    database: { type: 'string' },
    only: { type: 'string', default: '' },
    'kills-per-step': { type: 'string', default: '1' },
    'broker-kills': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const wantedDatabase = DATABASES.find((name) => name === values.database);
if (values.database && !wantedDatabase) refuseOption(`There is no database ${values.database}`);
const transports = values.transport
  ? [values.transport]
  : Object.keys(TRANSPORTS).filter((name) => !TRANSPORTS[name].onlyNamed);
const unknown = transports.filter((name) => !Object.hasOwn(TRANSPORTS, name));
if (unknown.length > 0) refuseOption(`There is no transport ${unknown.join(', ')}`);
const found = await findDatabases();
const wanted = new Set(wantedDatabase ? [wantedDatabase] : transports.flatMap((name) => TRANSPORTS[name].databases));
const own = wanted.has('mysql') && !found.mysql ? await ownMysql() : null;
const missing = [...wanted].filter((name) => !found[name] && (name !== 'mysql' || wantedDatabase));
if (missing.length > 0) {
  console.error(
    `The kill test needs ${missing.join(' and ')}, which does not answer. Start it, or name it: see --help.`,
  );
  process.exit(1);
}

await buildIfStale((line) => console.error(line));
// Loads the library, which had to be built first.
const { KillTest } = await import('./kill-test.mjs');

let failed = false;
for (const transport of transports) {
  const databases = wantedDatabase ? [wantedDatabase] : TRANSPORTS[transport].databases;
  for (const database of databases.filter((name) => found[name])) {
    failed = !(await passes(transport, database)) || failed;
  }
}
await own?.stop();
process.exit(failed ? 1 : 0);

async function ownMysql() {
  const { startable, missing } = await findMysql();
  if (!startable) {
    console.log(`LEFT OUT: ${missing}.`);
    return null;
  }
  const mysql = await startMysql();
  found.mysql = mysql.addresses.url;
  return mysql;
}

/**
 * @param {string} transport
 * @param {Database} database
 */
async function passes(transport, database) {
  const { protocol = transport, startBroker, brokerKills: kills } = TRANSPORTS[transport];
  const test = new KillTest({
    name: `${transport}, ${database}`,
    transport: protocol,
    startBroker,
    database,
    serverUrl: String(found[database]),
    only: values.only,
    killsPerStep: Number(values['kills-per-step']),
    brokerKills: Number(values['broker-kills'] ?? kills),
  });
  const stop = () => void test.cleanUp().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const report = await test.run();
    console.log(report.text);
    return report.passed;
  } catch (error) {
    console.error(`${test.name}: ${error.stack}`);
    return false;
  } finally {
    await test.cleanUp();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
