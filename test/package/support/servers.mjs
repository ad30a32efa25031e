import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { startEmbeddedPostgres } from '../../support/embedded-postgres.mjs';
import { findDatabases } from '../../support/find-databases.mjs';
import { findMysql } from '../../support/mysql/find-mysql.mjs';
import { startMysql } from '../../support/mysql/start-mysql.mjs';

/** The database servers that applications are tried on, and the databases made on them. */
export class Servers {
  /** Those that are there. PostgreSQL always is, from npm if need be; MySQL is started where it can be fetched. */
  static async find() {
    const found = await findDatabases();
    const started = [];
    const own = async (start) => {
      started.push(await start());
      return started.at(-1);
    };
    const postgres = found.postgres ?? (await own(startEmbeddedPostgres)).url;
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
  #made = [];

  constructor(servers, started) {
    this.#servers = servers;
    this.#started = started;
  }

  get labels() {
    return this.#servers.map(({ label }) => label);
  }

  /** The address of an empty database. */
  async database(label) {
    const server = this.#servers.find((candidate) => candidate.label === label);
    const name = `mq_package_${randomBytes(6).toString('hex')}`;
    await onServer(server, `CREATE DATABASE ${name}`);
    this.#made.push({ server, name });
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    return { url: url.href };
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

async function onServer({ type, url }, sql) {
  const server = await new DataSource({ type, url }).initialize();
  try {
    await server.query(sql);
  } finally {
    await server.destroy();
  }
}
