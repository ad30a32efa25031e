import mysql from 'mysql2/promise';
import pg from 'pg';

/** @typedef {{ postgres: string | null, mariadb: string | null, mysql: string | null }} FoundDatabases the URLs */

const TIMEOUT_MS = 2_000;
const LOCAL_MYSQL = 'mysql://root@127.0.0.1:3306/';

/**
 * The databases that run: those that the environment names, else those on this machine's standard ports. `null` where
 * there is none. A database that the environment names and that lets nobody in is an error.
 *
 * Asked by logging in, not by connecting: a server on the standard port that wants a password is somebody's own.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<FoundDatabases>}
 */
export async function findDatabases(env = process.env) {
  const postgres = await find(
    'MQ_TEST_POSTGRES_URL',
    env.MQ_TEST_POSTGRES_URL,
    'postgres://postgres@127.0.0.1:5432/postgres',
    logInToPostgres,
  );
  // MariaDB and MySQL share their standard port, so there the server is asked which of them it is.
  const mariadb = await find('MQ_TEST_MARIADB_URL', env.MQ_TEST_MARIADB_URL, LOCAL_MYSQL, (uri) =>
    logIn(uri, 'MariaDB'),
  );
  const mysql = await find('MQ_TEST_MYSQL_URL', env.MQ_TEST_MYSQL_URL, LOCAL_MYSQL, (uri) => logIn(uri, 'MySQL'));
  return { postgres, mariadb, mysql };
}

/**
 * @param {string} variable
 * @param {string | undefined} given
 * @param {string} local
 * @param {(url: string) => Promise<void>} logInto
 */
async function find(variable, given, local, logInto) {
  try {
    await logInto(given || local);
    return given || local;
  } catch (error) {
    if (!given) return null;
    throw new Error(`${variable} is set, but there is no way in: ${error.message}`, { cause: error });
  }
}

/** @param {string} connectionString */
async function logInToPostgres(connectionString) {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: TIMEOUT_MS });
  await client.connect();
  await client.end();
}

/**
 * @param {string} uri
 * @param {string} wanted
 */
async function logIn(uri, wanted) {
  const connection = await mysql.createConnection({ uri, connectTimeout: TIMEOUT_MS });
  try {
    const [rows] = await connection.query('SELECT VERSION() AS version');
    const [{ version }] = /** @type {{ version: string }[]} */ (rows);
    const name = /mariadb/i.test(version) ? 'MariaDB' : 'MySQL';
    if (name !== wanted) throw new Error(`the server there is a ${name} (${version}), and not a ${wanted}`);
  } finally {
    await connection.end();
  }
}
