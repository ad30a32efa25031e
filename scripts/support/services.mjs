import { findDatabases } from '../../test/support/find-databases.mjs';
import { findPgbouncer, PGBOUNCER_NEEDS } from '../../test/support/pgbouncer/pgbouncer.mjs';
import { findRocketmq } from '../../test/support/rocketmq/find-rocketmq.mjs';
import { findJava } from './java.mjs';

/**
 * What the tests can use on this machine. `found` says what there is, `missing` what is left out because it is not
 * there, and what to do about it.
 */
export async function findServices() {
  const { postgres, mysql } = await findDatabases();
  const java = findJava();
  const pgbouncer = findPgbouncer();
  const rocketmq = await findRocketmq();
  return {
    env: { ...(postgres && { MQ_TEST_POSTGRES_URL: postgres }), ...(mysql && { MQ_TEST_MYSQL_URL: mysql }) },
    found: [
      `PostgreSQL      ${postgres ? withoutPassword(postgres) : 'none running: the tests start the one from npm'}`,
      `MySQL/MariaDB   ${mysql ? withoutPassword(mysql) : 'none'}`,
      `PgBouncer       ${pgbouncer ? `${pgbouncer}, is started in front of PostgreSQL` : 'none'}`,
      `JDK and Maven   ${java ?? 'none'}`,
      `RocketMQ        ${rocketmq.description}`,
    ],
    missing: [
      !mysql && 'everything on MySQL/MariaDB. Start one on 127.0.0.1:3306, or set MQ_TEST_MYSQL_URL',
      !pgbouncer && PGBOUNCER_NEEDS,
      !java && 'the emulator under the official Java client. Install a JDK (11 or newer) and Maven',
      rocketmq.missing,
    ].filter(Boolean),
  };
}

function withoutPassword(url) {
  const shown = new URL(url);
  if (shown.password) shown.password = '***';
  return shown.href;
}
