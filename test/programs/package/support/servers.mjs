import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { startEmbeddedPostgres } from '../../../support/embedded-postgres.mjs';
import { findDatabases } from '../../../support/find-databases.mjs';
import { findMysql } from '../../../support/mysql/find-mysql.mjs';
import { startMysql } from '../../../support/mysql/start-mysql.mjs';
import { findRocketmq } from '../../../support/rocketmq/find-rocketmq.mjs';
import { startRocketmq } from '../../../support/rocketmq/start-rocketmq.mjs';

/** @typedef {{ label: string, type: 'postgres' | 'mysql', url: string }} Server */
/** @typedef {{ stop(): Promise<void> }} Started */

/** The servers that applications are tried on, and the databases made on them. */
export class Servers {
  /** Those that are there. PostgreSQL always is, from npm if need be; MySQL is started where it can be fetched. */
  static async find() {
    const found = await findDatabases();
    /** @type {Started[]} */
    const started = [];
    /**
     * @template {Started} Own
     * @param {() => Promise<Own>} start
     * @returns {Promise<Own>}
     */
    const own = async (start) => {
      const one = await start();
      started.push(one);
      return one;
    };
    const postgres = found.postgres ?? (await own(startEmbeddedPostgres)).url;
    /** @type {Server[]} */
    const servers = [{ label: 'PostgreSQL', type: 'postgres', url: postgres }];
    const { startable, missing } = found.mysql ? { startable: true } : await findMysql();
    const mysql = found.mysql ?? (startable ? (await own(startMysql)).addresses.url : null);
    if (found.mariadb) servers.push({ label: 'MariaDB', type: 'mysql', url: found.mariadb });
    else console.log('LEFT OUT: applications on MariaDB, which does not answer. Name one in MQ_TEST_MARIADB_URL.');
    if (mysql) servers.push({ label: 'MySQL', type: 'mysql', url: mysql });
    else console.log(`LEFT OUT: applications on MySQL: ${missing}`);
    return new Servers(servers, started);
  }

  #servers;
  #started;
  /** @type {{ server: Server, name: string }[]} */
  #made = [];

  /**
   * @param {Server[]} servers
   * @param {Started[]} started
   */
  constructor(servers, started) {
    this.#servers = servers;
    this.#started = started;
  }

  get labels() {
    return this.#servers.map(({ label }) => label);
  }

  /**
   * The address of an empty database.
   *
   * @param {string} label
   */
  async database(label) {
    const server = this.#servers.find((candidate) => candidate.label === label);
    if (!server) throw new Error(`there is no server ${label}`);
    const name = `mq_package_${randomBytes(6).toString('hex')}`;
    await onServer(server, `CREATE DATABASE ${name}`);
    this.#made.push({ server, name });
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    return { url: url.href };
  }

  /** The address of a RocketMQ of our own that has the topic and the group of the applications; `null` where none can be started. */
  async rocketmq() {
    const { startable, missing } = await findRocketmq({});
    if (!startable) {
      console.log(`LEFT OUT: ${missing}`);
      return null;
    }
    const server = await startRocketmq({ topics: [{ name: 'shop_orders' }], groups: [{ name: 'GID_stock' }] });
    this.#started.push(server);
    return server.endpoint;
  }

  /** Drops what was made, when no application holds it any more, and stops what was started. Never rejects. */
  async end() {
    await Promise.allSettled(
      this.#made.map(({ server, name }) =>
        onServer(server, `DROP DATABASE ${name}${server.type === 'postgres' ? ' WITH (FORCE)' : ''}`),
      ),
    );
    await Promise.allSettled(this.#started.map((server) => server.stop()));
  }
}

/**
 * @param {Server} options
 * @param {string} sql
 */
async function onServer({ type, url }, sql) {
  const server = await new DataSource({ type, url }).initialize();
  try {
    await server.query(sql);
  } finally {
    await server.destroy();
  }
}
