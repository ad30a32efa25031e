import { expectEqual } from '../harness/expect-equal.mjs';
import { BODY, TAG, TOPIC } from './messages.mjs';

/** @typedef {import('./application.mjs').Application} Application */

let batches = 0;

/**
 * Rows whose turn has come, as a process leaves them that published and was killed before it could send.
 *
 * @param {Application} app
 * @param {number} count
 */
export async function loadDue(app, count) {
  await load(app, count, { status: 'PENDING', due_at: Date.now() - 1_000 });
  await settle(app);
}

/**
 * What years of messages leave behind until it is pruned.
 *
 * @param {Application} app
 * @param {number} count
 */
export async function loadFinished(app, count) {
  const done = { status: 'SENT', done_at: Date.now(), broker_message_id: 'broker-1', started_count: 1 };
  for (let left = count; left > 0; left -= 100_000) await load(app, Math.min(left, 100_000), done);
  await settle(app);
}

/** @param {Application} app */
export async function empty(app) {
  await app.query('TRUNCATE TABLE mq_status_log');
}

/**
 * Throws unless these rows, and no others that are not finished, were sent, each under an id of its own.
 *
 * @param {Application} app
 * @param {number} count
 * @param {{ besides?: number }} [options]
 */
export async function expectSent(app, count, { besides = 0 } = {}) {
  const [row] = await app.query(
    `SELECT COUNT(*) AS total, SUM(CASE WHEN status = 'SENT' THEN 1 ELSE 0 END) AS sent,
       COUNT(DISTINCT broker_message_id) AS ids FROM mq_status_log`,
  );
  expectEqual('rows in the outbox', row.total, count + besides);
  expectEqual('rows marked as sent', row.sent, count + besides);
  if (besides === 0) expectEqual('ids of the broker', row.ids, count);
}

/**
 * Made in the database: the same statement on all of them, from a cross join of digits.
 *
 * @param {Application} app
 * @param {number} count
 * @param {Record<string, string | number>} columns
 */
async function load(app, count, columns) {
  const batch = String(100_000 + ++batches);
  const now = Date.now();
  const names = Object.keys(columns);
  const literals = Object.values(columns).map((value) => (typeof value === 'string' ? `'${value}'` : value));
  const id = `CONCAT('bench-${batch}-', 10000000 + a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n)`;
  await app.query(`
    INSERT INTO mq_status_log (id, msg_key, connection, broker, topic_alias, topic, tag, max_attempts, payload,
      payload_bytes,      created_at, updated_at, ${names.join(', ')})
    WITH digits AS (${Array.from({ length: 10 }, (_, n) => `SELECT ${n} AS n`).join(' UNION ALL ')})
    SELECT ${id}, ${id}, 'default', '${app.broker}', '${TOPIC}', '${TOPIC}', '${TAG}', 10, '${BODY}', ${Buffer.byteLength(BODY)}, ${now}, ${now}, ${literals.join(', ')}
    FROM digits a CROSS JOIN digits b CROSS JOIN digits c CROSS JOIN digits d CROSS JOIN digits e LIMIT ${count}`);
}

/**
 * What a server does in the background after a load must not happen during the sample.
 *
 * @param {Application} app
 */
async function settle(app) {
  const { type } = app.database.server;
  await app.query(type === 'postgres' ? 'VACUUM ANALYZE mq_status_log' : 'ANALYZE TABLE mq_status_log');
}
