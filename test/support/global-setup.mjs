import { startEmbeddedPostgres } from './embedded-postgres.mjs';
import { findDatabases } from './find-databases.mjs';
import { findMysql } from './mysql/find-mysql.mjs';
import { startMysql } from './mysql/start-mysql.mjs';
import { fetchPrometheus, PROMETHEUS_NEEDS } from './prometheus/fetch-prometheus.mjs';
import { findPgbouncer, PGBOUNCER_NEEDS, startPgbouncer } from './pgbouncer/pgbouncer.mjs';
import { findRocketmq } from './rocketmq/find-rocketmq.mjs';
import { startRocketmq } from './rocketmq/start-rocketmq.mjs';
import { offerService } from './shared-service.mjs';
import { startedServices } from './started-services.mjs';

/**
 * Finds the databases and the broker for the suites, and hands them to the workers in the environment. PostgreSQL is
 * started from npm where none runs, MySQL and RocketMQ by the first suite that wants them. Without MariaDB, MySQL, or what
 * RocketMQ needs, or Prometheus, their suites are left out, and that is said; under `CI` it is an error, but for MySQL. With `MQ_TEST_FAST`
 * there is PostgreSQL alone.
 */
export default async function globalSetup() {
  const found = await findDatabases();
  const postgresUrl = await setUpPostgres(found);
  if (process.env.MQ_TEST_FAST) {
    delete process.env.MQ_TEST_MARIADB_URL;
    delete process.env.MQ_TEST_MYSQL_URL;
    return;
  }
  await setUpMysql(found);
  await setUpPgbouncer(postgresUrl);
  await setUpRocketmq();
  await setUpPrometheus();
}

/** @param {import('./find-databases.mjs').FoundDatabases} found */
async function setUpPostgres(found) {
  if (!found.postgres) {
    console.log('\nno PostgreSQL on 127.0.0.1:5432: starting an embedded one');
    const embedded = await startEmbeddedPostgres();
    startedServices.push(embedded);
    found.postgres = embedded.url;
  }
  process.env.MQ_TEST_POSTGRES_URL = found.postgres;
  return found.postgres;
}

/** @param {import('./find-databases.mjs').FoundDatabases} found */
async function setUpMysql(found) {
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

/** @param {string} postgresUrl */
async function setUpPgbouncer(postgresUrl) {
  if (findPgbouncer()) {
    const pgbouncer = await startPgbouncer(postgresUrl);
    startedServices.push(pgbouncer);
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

/** Here, and not in the suite, so that its time is no test's. */
async function setUpPrometheus() {
  if (await fetchPrometheus()) return;
  if (process.env.CI) throw new Error(`Missing: ${PROMETHEUS_NEEDS}. Under CI nothing is left out.`);
  console.log(`\nLEFT OUT: ${PROMETHEUS_NEEDS}.`);
}

/** @param {() => Promise<import('./shared-service.mjs').StartedService<unknown>>} start */
async function offer(start) {
  const service = await offerService(start);
  startedServices.push(service);
  return service.url;
}
