import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { freePort } from '../free-port.mjs';
import { guardProcessFolder, makeProcessFolder } from '../process-folder.mjs';
import { fetchMysql, mysqldCommand } from './mysql-server.mjs';

const START_TIMEOUT_MS = 90_000;
const ATTEMPTS = 3;
/** What a server that lives as long as the tests does not need: a third of its memory, and half of its start. */
const FOR_TESTS = [
  '--innodb-buffer-pool-size=128M',
  '--performance-schema=OFF',
  '--mysqlx=OFF',
  '--max-connections=500',
  '--skip-name-resolve',
];
/** Commits are written once a second. A power failure may take what a test has written. */
const LAZY = ['--skip-log-bin', '--innodb-flush-log-at-trx-commit=2'];

/**
 * Starts a MySQL server on a free port of the loopback interface, in a folder of its own, with a copy of the
 * empty data directory. It ends with this process, however that ends.
 *
 * @param {{ durable?: boolean }} [options] `durable`: commits as a server does that somebody depends on, for benchmarks
 * @returns {Promise<{ addresses: { url: string }, stop(): Promise<void> }>}
 */
export async function startMysql({ durable = false } = {}) {
  const server = await fetchMysql();
  for (let attempt = 1; ; attempt++) {
    const mysqld = await RunningMysql.prepare(server, durable ? FOR_TESTS : [...FOR_TESTS, ...LAZY]);
    try {
      await mysqld.ready();
      return mysqld;
    } catch (error) {
      await mysqld.stop();
      if (!error.portTaken || attempt === ATTEMPTS) throw error;
    }
  }
}

class RunningMysql {
  /**
   * @param {string} server
   * @param {string[]} options
   */
  static async prepare(server, options) {
    const folder = await makeProcessFolder('mq-mysql-');
    const guard = guardProcessFolder(folder);
    await cp(join(server, 'data'), join(folder, 'data'), { recursive: true });
    // The account of a new server is for the socket and the name `localhost`, and clients come over TCP.
    await writeFile(
      join(folder, 'init.sql'),
      `CREATE USER root@'127.0.0.1';\nGRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n`,
    );
    return new RunningMysql(server, folder, guard, await freePort(), options);
  }

  #guard;
  #child;
  #exited;
  #ended = false;

  /**
   * @param {string} server
   * @param {string} folder
   * @param {import('../process-folder.mjs').FolderGuard} guard
   * @param {number} port
   * @param {string[]} options
   */
  constructor(server, folder, guard, port, options) {
    this.folder = folder;
    this.pidFile = join(folder, 'mysqld.pid');
    this.addresses = { url: `mysql://root@127.0.0.1:${port}/` };
    this.#guard = guard;
    const command = mysqldCommand(server, [
      ...options,
      `--datadir=${join(folder, 'data')}`,
      `--init-file=${join(folder, 'init.sql')}`,
      `--socket=${join(folder, 'mysqld.sock')}`,
      `--pid-file=${this.pidFile}.own`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
    ]);
    const output = openSync(this.#outputFile, 'w');
    // The process writes its id itself and then becomes mysqld, so that there is no moment at which nobody knows it.
    this.#child = spawn('sh', ['-c', 'echo $$ >"$0" && exec "$@"', this.pidFile, ...command], {
      cwd: folder,
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    this.#child.unref();
    this.#exited = new Promise((resolve) => this.#child.once('error', resolve).once('exit', resolve)).then(
      () => (this.#ended = true),
    );
  }

  get #outputFile() {
    return join(this.folder, 'mysqld.out');
  }

  async ready() {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const answers = await this.#answers();
      // Asked afterwards: on a port that somebody else has, somebody else answers.
      if (this.#ended) throw await this.#failure('ended');
      if (answers) return;
      if (performance.now() > deadline) throw await this.#failure(`is not ready after ${START_TIMEOUT_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop() {
    this.#child.ref();
    // Nothing is kept, so nothing has to be written down first.
    if (!this.#ended) this.#child.kill('SIGKILL');
    await this.#exited;
    await rm(this.pidFile, { force: true });
    await this.#guard.release();
  }

  async #answers() {
    try {
      const connection = await mysql.createConnection({ uri: this.addresses.url, connectTimeout: 2_000 });
      await connection.end();
      return true;
    } catch {
      return false;
    }
  }

  /** @param {string} what */
  async #failure(what) {
    const output = await readFile(this.#outputFile, 'utf8').catch(() => '');
    const error = new Error(`MySQL ${what}\n${output.trim().split('\n').slice(-20).join('\n')}`);
    return Object.assign(error, { portTaken: /Bind on TCP\/IP port|already in use/i.test(output) });
  }
}
