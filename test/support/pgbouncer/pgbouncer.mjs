import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../free-port.mjs';

export const PGBOUNCER_NEEDS = 'everything through PgBouncer. Install the package pgbouncer';
const STARTS_WITHIN_MS = 20_000;

/** The program, or `null`. Packages put it where only the path of root leads. */
export function findPgbouncer(path = process.env.PATH ?? '') {
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'pgbouncer')).find(isExecutable) ?? null;
}

/**
 * A pooler of our own in front of a PostgreSQL, in transaction mode, at a port of its own.
 *
 * @param {string} serverUrl
 * @returns {Promise<{ url: string, stop(): Promise<void> }>}
 */
export async function startPgbouncer(serverUrl) {
  const server = new URL(serverUrl);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'mq-pgbouncer-'));
  const ini = join(folder, 'pgbouncer.ini');
  writeFileSync(ini, configuration(server, port), { mode: 0o600 });
  const child = spawn(findPgbouncer() ?? 'pgbouncer', [ini], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => (said = (said + text).slice(-4_000)));
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const url = new URL(server.href);
  url.host = `127.0.0.1:${port}`;
  url.password = '';
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answers(url.href, exited);
  } catch (error) {
    await stop();
    throw new Error(`PgBouncer does not let anybody in: ${error.message}\n${said}`, { cause: error });
  }
  return { url: url.href, stop };
}

/**
 * Each transaction gets another session than the one before it (`server_round_robin`): whatever somebody keeps in a
 * session is with somebody else right away, and not only when it is busy.
 *
 * @param {URL} server
 * @param {number} port
 */
function configuration(server, port) {
  const login = [
    `host=${server.hostname}`,
    `port=${server.port || 5432}`,
    `user=${decodeURIComponent(server.username)}`,
  ];
  if (server.password) login.push(`password='${decodeURIComponent(server.password).replaceAll("'", "''")}'`);
  return `[databases]
* = ${login.join(' ')}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 20
max_client_conn = 1000
server_round_robin = 1
${process.getuid?.() === 0 ? 'user = nobody' : ''}
`;
}

/**
 * @param {string} url
 * @param {Promise<unknown>} exited
 */
async function answers(url, exited) {
  const ended = exited.then(() => {
    throw new Error('it ended');
  });
  const deadline = performance.now() + STARTS_WITHIN_MS;
  for (;;) {
    try {
      await Promise.race([logIn(url), ended]);
      return;
    } catch (error) {
      if (error.message === 'it ended' || performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}

/** @param {string} connectionString */
async function logIn(connectionString) {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000 });
  // Without a listener a connection that breaks ends the process.
  client.on('error', () => undefined);
  await client.connect();
  await client.end();
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
