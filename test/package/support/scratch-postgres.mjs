import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../support/embedded-postgres.mjs';
import { findDatabases } from '../../support/find-databases.mjs';

/** An empty database on the server that is there, or on one from npm. */
export async function scratchPostgres() {
  const { postgres } = await findDatabases();
  const embedded = postgres ? null : await startEmbeddedPostgres();
  const server = postgres ?? embedded.url;
  const name = `mq_package_${randomBytes(6).toString('hex')}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async drop() {
      await onServer(server, `DROP DATABASE ${name} WITH (FORCE)`);
      await embedded?.stop();
    },
  };
}

async function onServer(connectionString, sql) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
