import { setTimeout as delay } from 'node:timers/promises';
import { MqProducerService } from 'nestjs-reliable-mq';
import { expectEqual } from '../harness/expect-equal.mjs';
import { limitRow } from '../harness/rows.mjs';
import { percentile } from '../harness/statistics.mjs';
import { within } from '../harness/within.mjs';
import { Application } from '../support/application.mjs';
import { orderOf, TAG, TOPIC } from '../support/messages.mjs';
import { NothingBroker } from '../support/nothing-broker.mjs';

const PAUSE_MS = 8;
const AIMS = { p50: 0.1, p99: 1 };

export const title = 'From the commit to the send, with nothing else to do';

/**
 * From the moment when `transaction()` resolves to the call of the transport, one transaction at a time. Where the commit is not
 * proven, the sender reads the row back in between: one SELECT by primary key, which is measured as well.
 *
 * @param {import('../main.mjs').Setting} options
 */
export async function* run({ databases, rounds, quick, quiet }) {
  const count = quick ? 40 : 200;
  for (const server of databases.servers) {
    const database = await databases.create(server);
    const transport = new NothingBroker();
    const app = await Application.boot({ database, mq: { transport } });
    /** @type {{ p50: number[], p99: number[], read: number[] }} */
    const all = { p50: [], p99: [], read: [] };
    for (let round = -1; round < rounds; round++) {
      await quiet.wait();
      /** @type {number[]} */
      const latencies = await latenciesOf(app, transport, count);
      /** @type {number[]} */
      const reads = await readsOf(app, count);
      if (round < 0) continue;
      all.p50.push(percentile(latencies, 0.5));
      all.p99.push(percentile(latencies, 0.99));
      all.read.push(percentile(reads, 0.5));
    }
    await app.close();
    await databases.drop(database);
    const row = { database: server.label, unit: 'ms' };
    yield limitRow({ ...row, what: 'commit to send, p50', values: all.p50, atMost: AIMS.p50 });
    yield limitRow({ ...row, what: 'commit to send, p99', values: all.p99, atMost: AIMS.p99 });
    yield limitRow({ ...row, what: 'a SELECT by primary key, p50', values: all.read });
  }
}

/**
 * @param {Application} app
 * @param {NothingBroker} transport
 * @param {number} count
 */
async function latenciesOf(app, transport, count) {
  const producer = app.get(MqProducerService);
  const latencies = [];
  const takenBefore = transport.taken;
  for (let n = 0; n < count; n++) {
    let sentAt = 0;
    /** @type {(value?: unknown) => void} */
    let sent;
    const called = new Promise((resolve) => (sent = resolve));
    transport.onPublish = () => {
      sentAt = performance.now();
      sent();
    };
    const publication = await app.dataSource.transaction((manager) =>
      producer.publish(TOPIC, { tag: TAG, payload: orderOf(`o-${n}`) }, { manager }),
    );
    const committedAt = performance.now();
    await within(5_000, 'the send after a commit', called);
    latencies.push(sentAt - committedAt);
    await publication.sent();
    await delay(PAUSE_MS);
  }
  expectEqual('messages at the broker', transport.taken - takenBefore, count);
  return latencies;
}

/**
 * @param {Application} app
 * @param {number} count
 */
async function readsOf(app, count) {
  const [{ id }] = await app.query('SELECT id FROM mq_status_log LIMIT 1');
  const sql = `SELECT id FROM mq_status_log WHERE id = ${app.database.server.type === 'postgres' ? '$1' : '?'}`;
  const reads = [];
  for (let n = 0; n < count; n++) {
    const startedAt = performance.now();
    await app.query(sql, [id]);
    reads.push(performance.now() - startedAt);
    await delay(PAUSE_MS / 4);
  }
  return reads;
}
