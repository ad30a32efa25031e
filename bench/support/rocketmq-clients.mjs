import { createRequire } from 'node:module';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { BODY, TAG } from './messages.mjs';

const official = createRequire(import.meta.url)('rocketmq-client-nodejs');
const never = new AbortController().signal;
const LEASE_MS = 60_000;
const BATCH = 32;
const silent = { debug() {}, info() {}, warn() {}, error() {}, close() {} };

/** @typedef {{ endpoint: string, topic: string, group: string }} Place */

/**
 * One client of RocketMQ 5 over gRPC: how it sends, and how it receives.
 *
 * @typedef {object} Client
 * @property {(key: string) => Promise<void>} publish
 * @property {(waitMs: number) => Promise<{ keys: string[], ack(): Promise<void> }>} receive up to 32 messages, not acknowledged
 * @property {() => Promise<void>} close
 */

/**
 * The transport of this library, without the library around it.
 *
 * @param {Place} place
 * @returns {Promise<Client>}
 */
export async function ownClient({ endpoint, topic, group }) {
  const transport = rocketmq({ endpoints: endpoint });
  const subscribe = () => transport.subscribe({ topic, groupId: group, instanceId: null, tags: null, ordered: false });
  // A source takes one poll at a time.
  const sources = [subscribe(), subscribe()];
  const idle = [...sources];
  return {
    /** @param {string} key */
    async publish(key) {
      const message = { topic, instanceId: null, tag: TAG, key, body: BODY, properties: { 'mq-id': key } };
      await transport.send({ ...message, deliverAt: null, orderingKey: null }, never);
    },
    /** @param {number} waitMs */
    async receive(waitMs) {
      const source = idle.pop();
      if (!source) throw new Error('more polls at a time than there are sources');
      const deliveries = await source
        .receive({ max: BATCH, waitMs, leaseMs: LEASE_MS }, never)
        .finally(() => idle.push(source));
      return {
        keys: deliveries.map(({ message }) => String(message.key)),
        async ack() {
          const settled = await source.ack(deliveries, never);
          if (settled.some((settlement) => settlement !== 'done')) throw new Error('an acknowledgement was refused');
        },
      };
    },
    async close() {
      for (const source of sources) await source.close();
      await transport.close();
    },
  };
}

/**
 * The official client as it comes.
 *
 * @param {Place} place
 * @returns {Promise<Client>}
 */
export async function officialClient({ endpoint, topic, group }) {
  const common = { endpoints: endpoint, namespace: '', logger: silent };
  const producer = new official.Producer({ ...common, topics: [topic] });
  await producer.startup();
  const consumer = new official.SimpleConsumer({
    ...common,
    consumerGroup: group,
    subscriptions: new Map([[topic, '*']]),
    awaitDuration: 1_000,
  });
  await consumer.startup();
  const body = Buffer.from(BODY);
  return {
    /** @param {string} key */
    async publish(key) {
      await producer.send({ topic, tag: TAG, keys: [key], body, properties: new Map([['mq-id', key]]) });
    },
    async receive() {
      /** @type {{ keys: string[] }[]} */
      const views = await consumer.receive(BATCH, LEASE_MS);
      return {
        keys: views.map(({ keys }) => keys[0]),
        // It takes one at a time.
        ack: async () => void (await Promise.all(views.map((view) => consumer.ack(view)))),
      };
    },
    async close() {
      await consumer.shutdown();
      await producer.shutdown();
    },
  };
}
