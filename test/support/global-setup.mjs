import { startEmbeddedPostgres } from './embedded-postgres.mjs';
import { findDatabases } from './find-databases.mjs';
import { findPgbouncer, PGBOUNCER_NEEDS, startPgbouncer } from './pgbouncer/pgbouncer.mjs';
import { findRocketmq } from './rocketmq/find-rocketmq.mjs';
import { offerRocketmq } from './rocketmq/shared-rocketmq.mjs';

/**
 * Finds the databases and the broker for the suites, and hands them to the workers in the environment. PostgreSQL is
 * started from npm where none runs, RocketMQ by the first suite that wants it. Without MySQL or MariaDB, or without what
 * RocketMQ needs, their suites are left out, and that is said; under `CI` it is an error.
 */
export default async function globalSetup() {
  await setUpDatabases();
  await setUpPgbouncer();
  await setUpRocketmq();
}

async function setUpDatabases() {
  const found = await findDatabases();
  if (!found.postgres) {
    console.log('\nno PostgreSQL on 127.0.0.1:5432: starting an embedded one');
    globalThis.mqEmbeddedPostgres = await startEmbeddedPostgres();
    found.postgres = globalThis.mqEmbeddedPostgres.url;
  }
  process.env.MQ_TEST_POSTGRES_URL = found.postgres;
  if (found.mysql) {
    process.env.MQ_TEST_MYSQL_URL = found.mysql;
  } else if (process.env.CI) {
    throw new Error(
      'No MySQL or MariaDB on 127.0.0.1:3306, and MQ_TEST_MYSQL_URL names none. Under CI nothing is left out.',
    );
  } else {
    console.log('\nLEFT OUT: everything on MySQL/MariaDB. Start one on 127.0.0.1:3306, or set MQ_TEST_MYSQL_URL.');
  }
}

async function setUpPgbouncer() {
  if (findPgbouncer()) {
    globalThis.mqPgbouncer = await startPgbouncer(process.env.MQ_TEST_POSTGRES_URL);
    process.env.MQ_TEST_PGBOUNCER_URL = globalThis.mqPgbouncer.url;
  } else if (process.env.CI) {
    throw new Error(`Missing: ${PGBOUNCER_NEEDS}. Under CI nothing is left out.`);
  } else {
    console.log(`\nLEFT OUT: ${PGBOUNCER_NEEDS}.`);
  }
}

async function setUpRocketmq() {
  const { startable, missing } = await findRocketmq();
  if (missing && process.env.CI) throw new Error(`Missing: ${missing}. Under CI nothing is left out.`);
  if (missing) console.log(`\nLEFT OUT: ${missing}.`);
  if (!startable) return;
  globalThis.mqSharedRocketmq = await offerRocketmq();
  process.env.MQ_TEST_ROCKETMQ_STARTER = globalThis.mqSharedRocketmq.url;
}
