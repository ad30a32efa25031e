import { setTimeout as delay } from 'node:timers/promises';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { findJava } from '../../scripts/support/java.mjs';
import { RocketmqAdmin } from '../../test/support/rocketmq/rocketmq-admin.mjs';
import { startRocketmq } from '../../test/support/rocketmq/start-rocketmq.mjs';
import { compare } from '../harness/compare.mjs';
import { expectEqual } from '../harness/expect-equal.mjs';
import { limitRow, ratioRow } from '../harness/rows.mjs';
import { percentile } from '../harness/statistics.mjs';
import { within } from '../harness/within.mjs';
import { Application } from '../support/application.mjs';
import { spreadOver, TOPIC } from '../support/messages.mjs';
import { empty, expectSent, loadDue } from '../support/outbox-rows.mjs';
import { receiveAll } from '../support/receive-all.mjs';
import { receiving } from '../support/receiving.mjs';
import { officialClient, ownClient } from '../support/rocketmq-clients.mjs';

/** @typedef {import('../support/rocketmq-clients.mjs').Client} Client */
/** @typedef {Client & { name: string, topic: string }} NamedClient */

/** @type {Record<string, typeof ownClient>} */
const CLIENTS = { 'official client': officialClient, 'our transport': ownClient };
const CONCURRENCY = [1, 16, 64];
const QUICK_CONCURRENCY = [64];
const PAUSE_MS = 8;
/** What lists are there for, with 64 at once. */
const AIM = 5;
const RELAY_AIM = 2.5;
const OFFICIAL = 'official client';

export const title = 'RocketMQ 5 over gRPC: the transport alone and the relay, beside the official client';

/**
 * A real broker on this machine, so it shares the processors with what is measured. Left out without JDK and Maven.
 *
 * @param {import('../main.mjs').Setting} options
 */
export async function* run({ databases, quick, rounds, quiet, budgetMs }) {
  if (!findJava()) {
    console.log('Left out: RocketMQ needs a JDK and Maven.\n');
    return;
  }
  const names = Object.keys(CLIENTS).map((name, index) => ({
    name,
    topic: `bench_${index}`,
    group: `GID_bench_${index}`,
  }));
  const broker = await startRocketmq({
    topics: [TOPIC, ...names.map(({ topic }) => topic)].map((name) => ({ name, queues: 4 })),
    groups: names.map(({ group }) => ({ name: group })),
  });
  const admin = new RocketmqAdmin(broker);
  /** @type {NamedClient[]} */
  const clients = [];
  try {
    for (const { name, topic, group } of names) {
      const client = await CLIENTS[name]({ endpoint: broker.endpoint, topic, group });
      clients.push({ name, topic, ...client });
    }
    const options = { rounds, quiet, budgetMs: budgetMs / 6 };
    for (const concurrency of quick ? QUICK_CONCURRENCY : CONCURRENCY) {
      const count = (concurrency === 1 ? 300 : 2_000) / (quick ? 4 : 1);
      const variants = clients.map((client) => [client.name, sending(client, admin, concurrency, count)]);
      const samples = await compare(Object.fromEntries(variants), options);
      yield row(`publish, ${concurrency} at once`, samples, concurrency === 64 ? AIM : undefined);
      for (const client of clients) await receiveAll(client, Number.POSITIVE_INFINITY);
    }
    yield* relaying({ databases, broker, admin, official: clients[0], count: quick ? 2_000 : 10_000, options });
    const count = quick ? 500 : 2_000;
    const variants = clients.map((client) => [client.name, receiving(client, count)]);
    yield row('receive and acknowledge', await compare(Object.fromEntries(variants), options));
    yield* latencies(clients, { rounds, quiet, count: quick ? 40 : 150 });
  } finally {
    for (const client of clients) await client.close();
    await broker.stop();
  }
}

/**
 * @param {string} what
 * @param {Record<string, import('../harness/compare.mjs').Sample[]>} samples
 * @param {number} [atLeast]
 */
function row(what, { [OFFICIAL]: base, 'our transport': subject }, atLeast) {
  const aim = atLeast === undefined ? {} : { atLeast };
  return ratioRow({ what, database: '', base: [OFFICIAL, base], subject: ['our transport', subject], ...aim });
}

/**
 * The whole relay, which claims from a database before it sends and marks after it, beside the official client alone.
 *
 * @param {object} of
 * @param {import('../support/databases.mjs').Databases} of.databases
 * @param {import('../../test/support/rocketmq/rocketmq-admin.mjs').RocketmqAddresses} of.broker
 * @param {RocketmqAdmin} of.admin
 * @param {NamedClient} of.official
 * @param {number} of.count
 * @param {{ rounds: number, quiet: import('../harness/quiet.mjs').Quiet, budgetMs: number }} of.options
 */
async function* relaying({ databases, broker, admin, official, count, options }) {
  const [server] = databases.servers;
  const database = await databases.create(server);
  const transport = rocketmq({ endpoints: broker.endpoint });
  const app = await Application.boot({ database, mq: { transport, reproduce: { batch: 500 } } });
  try {
    let before = 0;
    const relay = {
      prepare: async () => {
        await empty(app);
        await loadDue(app, count);
        before = await admin.messageCount(TOPIC);
      },
      run: () => app.drain(count),
      check: async () => {
        await expectSent(app, count);
        expectEqual('messages at the broker', (await admin.messageCount(TOPIC)) - before, count);
      },
    };
    const variants = { [OFFICIAL]: sending(official, admin, 64, count), relay };
    const { [OFFICIAL]: base, relay: subject } = await compare(variants, options);
    const named = { what: 'relay, 64 at once', database: server.label, atLeast: RELAY_AIM };
    yield ratioRow({ ...named, base: [OFFICIAL, base], subject: ['relay', subject] });
  } finally {
    await app.close();
    await databases.drop(database);
  }
  await receiveAll(official, Number.POSITIVE_INFINITY);
}

let sent = 0;

/**
 * @param {NamedClient} client
 * @param {RocketmqAdmin} admin
 * @param {number} concurrency
 * @param {number} count
 * @returns {import('../harness/compare.mjs').Variant}
 */
function sending(client, admin, concurrency, count) {
  /** @type {number} */
  let before;
  return {
    prepare: async () => (before = await admin.messageCount(client.topic)),
    run: async () => {
      await spreadOver(concurrency, count, () => client.publish(`key-${++sent}`));
      return { count };
    },
    check: async () => expectEqual('messages at the broker', (await admin.messageCount(client.topic)) - before, count),
  };
}

/**
 * One message at a time, from the call that sends it to its arrival at a poll that was waiting.
 *
 * @param {NamedClient[]} clients
 * @param {{ rounds: number, quiet: import('../harness/quiet.mjs').Quiet, count: number }} options
 */
async function* latencies(clients, { rounds, quiet, count }) {
  /** @type {Map<string, { p50: number[], p95: number[] }>} */
  const found = new Map(clients.map(({ name }) => [name, { p50: [], p95: [] }]));
  for (let round = -1; round < rounds; round++) {
    for (const client of clients) {
      await quiet.wait();
      /** @type {number[]} */
      const times = await latenciesOf(client, count);
      if (round < 0) continue;
      found.get(client.name)?.p50.push(percentile(times, 0.5));
      found.get(client.name)?.p95.push(percentile(times, 0.95));
    }
  }
  for (const [name, { p50, p95 }] of found) {
    yield limitRow({ what: `send to arrival, p50, ${name}`, database: '', unit: 'ms', values: p50 });
    yield limitRow({ what: `send to arrival, p95, ${name}`, database: '', unit: 'ms', values: p95 });
  }
}

/**
 * @param {Client} client
 * @param {number} count
 */
async function latenciesOf(client, count) {
  const times = [];
  for (let n = 0; n < count; n++) {
    const arriving = client.receive(5_000);
    await delay(PAUSE_MS);
    const startedAt = performance.now();
    await client.publish(`key-${++sent}`);
    let batch = await within(10_000, 'a message', arriving);
    while (batch.keys.length === 0) batch = await within(10_000, 'a message', client.receive(5_000));
    times.push(performance.now() - startedAt);
    await batch.ack();
  }
  return times;
}
