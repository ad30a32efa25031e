import { createConnection } from 'node:net';

const LOCAL_POSTGRES = 'postgres://postgres@127.0.0.1:5432/postgres';
const LOCAL_MYSQL = 'mysql://root@127.0.0.1:3306/';

/** Whether something listens at the address of a database URL. */
function listens(url) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port), timeout: 1_000 });
    const answer = (yes) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}

/**
 * The databases that the tests can use: those that the environment names, else those on this machine's standard
 * ports. `null` where there is none. A database that the environment names and that does not answer is an error.
 */
export async function findDatabases(env = process.env) {
  return {
    postgres: await find('MQ_TEST_POSTGRES_URL', env.MQ_TEST_POSTGRES_URL, LOCAL_POSTGRES),
    mysql: await find('MQ_TEST_MYSQL_URL', env.MQ_TEST_MYSQL_URL, LOCAL_MYSQL),
  };
}

async function find(variable, given, local) {
  const url = given || local;
  if (await listens(url)) return url;
  if (given) throw new Error(`${variable} is set, but nothing listens there`);
  return null;
}
