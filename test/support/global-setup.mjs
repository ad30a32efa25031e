import { startEmbeddedPostgres } from './embedded-postgres.mjs';
import { findDatabases } from './find-databases.mjs';
import { findMysql } from './mysql/find-mysql.mjs';
import { startMysql } from './mysql/start-mysql.mjs';
import { findPgbouncer, PGBOUNCER_NEEDS, startPgbouncer } from './pgbouncer/pgbouncer.mjs';
import { findRocketmq } from './rocketmq/find-rocketmq.mjs';
import { startRocketmq } from './rocketmq/start-rocketmq.mjs';
import { offerService } from './shared-service.mjs';

/**
 * Finds the databases and the broker for the suites, and hands them to the workers in the environment. PostgreSQL is
 * started from npm where none runs, MySQL and RocketMQ by the first suite that wants them. Without MariaDB, MySQL, or what
 * RocketMQ needs, their suites are left out, and that is said; under `CI` it is an error, but for MySQL.
 */
export default async function globalSetup() {
  /** Ended by the global teardown, the last first. */
  globalThis.mqServices = [];
  await setUpDatabases();
  await setUpPgbouncer();
  await setUpRocketmq();
}

async function setUpDatabases() {
  const found = await findDatabases();
  if (!found.postgres) {
    console.log('\nno PostgreSQL on 127.0.0.1:5432: starting an embedded one');
    const embedded = await startEmbeddedPostgres();
    globalThis.mqServices.push(embedded);
    found.postgres = embedded.url;
  }
  process.env.MQ_TEST_POSTGRES_URL = found.postgres;
  if (found.mariadb) {
    process.env.MQ_TEST_MARIADB_URL = found.mariadb;
  } else if (process.env.CI) {
    throw new Error('No MariaDB on 127.0.0.1:3306, and MQ_TEST_MARIADB_URL names none. Under CI it is not left out.');
  } else {
    console.log('\nLEFT OUT: everything on MariaDB. Start one on 127.0.0.1:3306, or set MQ_TEST_MARIADB_URL.');
  }
  if (found.mysql) {
    process.env.MQ_TEST_MYSQL_URL = found.mysql;
    return;
  }
  const { startable, missing } = await findMysql();
  if (missing) console.log(`\nLEFT OUT: ${missing}.`);
  if (startable) process.env.MQ_TEST_MYSQL_STARTER = await offer(startMysql);
}

async function setUpPgbouncer() {
  if (findPgbouncer()) {
    const pgbouncer = await startPgbouncer(process.env.MQ_TEST_POSTGRES_URL);
    globalThis.mqServices.push(pgbouncer);
    process.env.MQ_TEST_PGBOUNCER_URL = pgbouncer.url;
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
  if (startable) process.env.MQ_TEST_ROCKETMQ_STARTER = await offer(startRocketmq);
}

async function offer(start) {
  const service = await offerService(start);
  globalThis.mqServices.push(service);
  return service.url;
}
