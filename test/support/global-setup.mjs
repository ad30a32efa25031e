import { startEmbeddedPostgres } from './embedded-postgres.mjs';
import { findDatabases } from './find-databases.mjs';

/**
 * Finds the databases for the suites, and hands them to the workers in the environment. PostgreSQL is started from npm
 * where none runs. Without MySQL or MariaDB its suites are left out, and that is said; under `CI` it is an error.
 */
export default async function globalSetup() {
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
