import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { DataSource } from 'typeorm';
import { findDatabases } from '../../test/support/find-databases.mjs';
import { findMysql } from '../../test/support/mysql/find-mysql.mjs';
import { startMysql } from '../../test/support/mysql/start-mysql.mjs';

/** @typedef {import('../../scripts/demo/children.mjs').Children} Children */
/** @typedef {{ label: string, type: 'postgres' | 'mysql', url: string }} FoundServer */
/** @typedef {FoundServer & { version: string }} Server */
/** @typedef {{ name: string, server: Server, options: { type: 'postgres' | 'mysql', url: string } }} Database */
/** @typedef {Awaited<ReturnType<typeof startMysql>>} OwnMysql */

const EMBEDDED = fileURLToPath(new URL('../../scripts/demo/postgres-server.mjs', import.meta.url));

/** The database servers to measure on, and the databases made on them. */
export class Databases {
  /**
   * What the tests use: those that the environment names, or those on the standard ports; else PostgreSQL from npm, and MySQL
   * from Debian if `withMysql` and where that can be fetched.
   *
   * @param {Children} children
   * @param {{ withMysql: boolean }} options
   */
  static async find(children, { withMysql }) {
    const { postgres, mariadb, mysql } = await findDatabases();
    const own = !mysql && withMysql && (await findMysql()).startable ? await startMysql({ durable: true }) : null;
    /** @type {FoundServer[]} */
    const servers = [];
    servers.push({ label: 'PostgreSQL', type: 'postgres', url: postgres ?? (await startEmbedded(children)) });
    if (mariadb) servers.push({ label: 'MariaDB', type: 'mysql', url: mariadb });
    const mysqlUrl = mysql ?? own?.addresses.url;
    if (mysqlUrl) servers.push({ label: 'MySQL', type: 'mysql', url: mysqlUrl });
    return new Databases(await Promise.all(servers.map(withVersion)), own);
  }

  /** @type {Database[]} */
  #made = [];
  #own;

  /**
   * @param {Server[]} servers
   * @param {OwnMysql | null} own
   */
  constructor(servers, own) {
    this.servers = servers;
    this.#own = own;
  }

  /**
   * An empty database on this server.
   *
   * @param {Server} server
   * @returns {Promise<Database>}
   */
  async create(server) {
    const name = `mq_bench_${randomBytes(6).toString('hex')}`;
    await onServer(server, (admin) => admin.query(`CREATE DATABASE ${name}`));
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    const database = { name, server, options: { type: server.type, url: url.href } };
    this.#made.push(database);
    return database;
  }

  /** @param {Database} database */
  async drop(database) {
    this.#made = this.#made.filter((other) => other !== database);
    const force = database.server.type === 'postgres' ? ' WITH (FORCE)' : '';
    await onServer(database.server, (admin) => admin.query(`DROP DATABASE IF EXISTS ${database.name}${force}`));
  }

  /** Leaves nothing behind. */
  async end() {
    const own = this.#own?.addresses.url;
    this.#made = this.#made.filter(({ server }) => server.url !== own);
    for (const database of this.#made) await this.drop(database);
    await this.#own?.stop();
  }
}

/** @param {Children} children */
async function startEmbedded(children) {
  console.error('no PostgreSQL found: starting the one from npm');
  const { match } = await children.start('PostgreSQL', EMBEDDED, { ready: /^postgres:\/\/\S+$/, endsWithUs: true });
  return match[0];
}

/**
 * @param {FoundServer} server
 * @returns {Promise<Server>}
 */
async function withVersion(server) {
  const [row] = await onServer(server, (admin) => admin.query('SELECT version() AS version'));
  const label = server.type === 'mysql' && !/mariadb/i.test(row.version) ? 'MySQL' : server.label;
  return { ...server, label, version: row.version.split(/,| on /)[0] };
}

/**
 * @template Answer
 * @param {FoundServer} options
 * @param {(admin: DataSource) => Promise<Answer>} work
 * @returns {Promise<Answer>}
 */
async function onServer({ type, url }, work) {
  const admin = await new DataSource({ type, url }).initialize();
  try {
    return await work(admin);
  } finally {
    await admin.destroy();
  }
}
