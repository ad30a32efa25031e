// npm run docs:terminal
//
// Writes docs/images/mq.svg: what `mq` shows of a shop in which something went wrong, and how that is put right. The shop, the
// broker and the database are real and are started for it; so is what the picture shows. Needs `script` of util-linux.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { buildIfStale } from './build-if-stale.mjs';
import { Children } from './demo/children.mjs';
import { startEmulatorBroker } from './demo/emulator-broker.mjs';
import { Shop } from './demo/shop.mjs';
import { renderSvg } from './terminal/render-svg.mjs';
import { Terminal } from './terminal/terminal.mjs';

const COLUMNS = 108;
/** @param {string} path from here */
const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const PICTURE = file('../docs/images/mq.svg');

const children = new Children();
/** @type {(() => Promise<unknown>)[]} */
const closing = [() => children.stop()];
try {
  await buildIfStale(console.error);
  const terminal = await record();
  writeFileSync(
    PICTURE,
    renderSvg(terminal.session, { columns: COLUMNS, title: 'mq: what is wrong, why, and how it is put right' }),
  );
  console.error(`wrote ${PICTURE}`);
} catch (error) {
  console.error(children.report());
  throw error;
} finally {
  for (const close of closing.toReversed()) await close();
}

async function record() {
  const { match } = await children.start('PostgreSQL', file('./demo/postgres-server.mjs'), {
    ready: /^postgres:\/\/\S+$/,
    endsWithUs: true,
  });
  const broker = await startEmulatorBroker();
  closing.push(() => broker.close());
  const env = { DATABASE_URL: match[0], ...broker.env, MQ_APP: file('../dist/apps/shop/app.module.js') };
  const database = new pg.Client({ connectionString: match[0] });
  const shop = await Shop.start(children, 'api,relay', env);
  await database.connect();
  closing.push(() => database.end());

  // Some orders are lost from the database while their messages are on the way, as after a restored backup.
  for (const sku of ['tea', 'cups', 'tea', 'pots', 'tea', 'cups']) await shop.place({ sku, quantity: 1 });
  const { rows: lost } = await database.query(`DELETE FROM orders WHERE sku = 'tea' RETURNING *`);
  await Shop.start(children, 'worker', env);
  await until(database, `SELECT 1 FROM mq_error_log WHERE parked HAVING COUNT(*) = ${lost.length}`);
  await until(database, `SELECT 1 FROM mq_node WHERE state LIKE '%GID_shop_stock%'`);
  const parked = await database.query('SELECT message_id FROM mq_error_log WHERE parked ORDER BY id');

  const terminal = new Terminal(env, COLUMNS);
  await terminal.mq('errors --open');
  await terminal.mq(`explain ${parked.rows[0].message_id}`);
  await database.query('INSERT INTO orders SELECT * FROM json_populate_recordset(NULL::orders, $1)', [
    JSON.stringify(lost),
  ]);
  await terminal.mq("errors replay --group stock --reason 'the orders are back' --yes --wait");
  await terminal.mq('status');
  return terminal;
}

/**
 * @param {pg.Client} database
 * @param {string} sql that finds a row in the end
 */
async function until(database, sql) {
  for (let tries = 0; tries < 300; tries++) {
    const { rows } = await database.query(sql);
    if (rows.length > 0) return;
    await sleep(100);
  }
  throw new Error(`in vain: ${sql}`);
}
