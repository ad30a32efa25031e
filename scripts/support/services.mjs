import { findDatabases } from '../../test/support/find-databases.mjs';
import { findMysql } from '../../test/support/mysql/find-mysql.mjs';
import { findPgbouncer, PGBOUNCER_NEEDS } from '../../test/support/pgbouncer/pgbouncer.mjs';
import { fetchPrometheus, PROMETHEUS_NEEDS } from '../../test/support/prometheus/fetch-prometheus.mjs';
import { findRocketmq } from '../../test/support/rocketmq/find-rocketmq.mjs';
import { findJava } from './java.mjs';

/**
 * What the tests can use on this machine. `found` says what there is, `missing` what is left out because it is not
 * there, and what to do about it, `missingEvenUnderCi` that of which CI cannot be sure to have it.
 */
export async function findServices() {
  const { postgres, mariadb, mysql } = await findDatabases();
  const ownMysql = mysql ? null : await findMysql();
  const java = findJava();
  const pgbouncer = findPgbouncer();
  const rocketmq = await findRocketmq();
  const prometheus = await fetchPrometheus();
  return {
    env: {
      ...(postgres && { MQ_TEST_POSTGRES_URL: postgres }),
      ...(mariadb && { MQ_TEST_MARIADB_URL: mariadb }),
      ...(mysql && { MQ_TEST_MYSQL_URL: mysql }),
    },
    found: [
      `PostgreSQL      ${describePostgres(postgres)}`,
      `MariaDB         ${mariadb ? withoutPassword(mariadb) : 'none'}`,
      `MySQL           ${mysql ? withoutPassword(mysql) : ownMysql?.description}`,
      `PgBouncer       ${pgbouncer ? `${pgbouncer}, is started in front of PostgreSQL` : 'none'}`,
      `JDK and Maven   ${java ?? 'none'}`,
      `RocketMQ        ${rocketmq.description}`,
      `Prometheus      ${prometheus ?? 'none'}`,
    ],
    missing: [
      !mariadb && 'everything on MariaDB. Start one on 127.0.0.1:3306, or set MQ_TEST_MARIADB_URL',
      !pgbouncer && PGBOUNCER_NEEDS,
      !java && 'the emulator under the official Java client. Install a JDK (11 or newer) and Maven',
      rocketmq.missing,
      !prometheus && PROMETHEUS_NEEDS,
    ].filter((line) => typeof line === 'string'),
    missingEvenUnderCi: [ownMysql?.missing].filter((line) => typeof line === 'string'),
  };
}

/** What a fast run uses of it: PostgreSQL. `MQ_TEST_FAST` keeps the global setup from offering the others. */
export async function findFastServices() {
  const { postgres } = await findDatabases();
  return {
    // What is left out is left out on purpose, under CI as well.
    env: { MQ_TEST_FAST: '1', CI: undefined, ...(postgres && { MQ_TEST_POSTGRES_URL: postgres }) },
    found: [`PostgreSQL      ${describePostgres(postgres)}`],
    missing: [],
    missingEvenUnderCi: [],
  };
}

/** @param {string | null} url */
function describePostgres(url) {
  return url ? withoutPassword(url) : 'none running: the tests start the one from npm';
}

/** @param {string} url */
function withoutPassword(url) {
  const shown = new URL(url);
  if (shown.password) shown.password = '***';
  return shown.href;
}
