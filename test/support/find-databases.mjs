import mysql from 'mysql2/promise';
import pg from 'pg';

const TIMEOUT_MS = 2_000;

/**
 * The databases that the tests can use: those that the environment names, else those on this machine's standard
 * ports. `null` where there is none. A database that the environment names and that lets nobody in is an error.
 *
 * Asked by logging in, not by connecting: a server on the standard port that wants a password is somebody's own.
 */
export async function findDatabases(env = process.env) {
  return {
    postgres: await find(
      'MQ_TEST_POSTGRES_URL',
      env.MQ_TEST_POSTGRES_URL,
      'postgres://postgres@127.0.0.1:5432/postgres',
      logInToPostgres,
    ),
    mysql: await find('MQ_TEST_MYSQL_URL', env.MQ_TEST_MYSQL_URL, 'mysql://root@127.0.0.1:3306/', logInToMysql),
  };
}

async function find(variable, given, local, logIn) {
  try {
    await logIn(given || local);
    return given || local;
  } catch (error) {
    if (!given) return null;
    throw new Error(`${variable} is set, but there is no way in: ${error.message}`, { cause: error });
  }
}

async function logInToPostgres(connectionString) {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: TIMEOUT_MS });
  await client.connect();
  await client.end();
}

async function logInToMysql(uri) {
  const connection = await mysql.createConnection({ uri, connectTimeout: TIMEOUT_MS });
  await connection.end();
}
