import 'reflect-metadata';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { consumer, type Handle } from '../../../support/node/consumer.js';
import { bootNode, type Node, type NodeSetup, OWN } from '../../../support/node/node.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { queryRoute } from '../../../support/rocketmq/query-route.mjs';
import { useRocketmqCluster } from '../../../support/rocketmq/use-cluster.js';
import { describeRocketmq } from '../../../support/rocketmq/use-rocketmq.js';

jest.setTimeout(240_000);
const COUNT = 40;
/** Handled within one wait of 20 s at a broker that has nothing, and what a busy machine needs: it was 77 s for ten of 40. */
const FLOWING = { timeoutMs: 30_000, what: 'all messages handled' };

describeRocketmq('two brokers', () => {
  // A proxy apart from its brokers chooses among them itself, and nothing can be sent to one of them alone.
  const cluster = useRocketmqCluster({ mode: 'local' });

  describeDatabases(
    'of which one has nothing to do',
    (db) => {
      closeAfterEach();
      const boot = (topic: string, groupId: string, work: Handle, more: NodeSetup = {}): Promise<Node> =>
        bootNode(db, {
          transport: rocketmq({ endpoints: cluster.endpoints }),
          topics: { orders: { topic } },
          groups: { stock: { groupId } },
          handlers: [consumer('orders', 'stock', work)],
          ...more,
        });

      it('hand out the messages of one ordering key, which are all at one of them, in their order', async () => {
        const topic = await cluster.topic('FIFO');
        const groupId = await cluster.group({ ordered: true });
        const seen: unknown[] = [];
        const node = await boot(topic, groupId, ({ payload }) => void seen.push(payload), {
          topics: { orders: { topic, ordered: true } },
        });
        const payloads = Array.from({ length: COUNT }, (_, n) => n);
        for (const payload of payloads) await node.mq.publish('orders', { payload, orderingKey: 'customer-1' }, OWN);
        await eventually(() => seen.length >= COUNT, FLOWING);
        expect(seen).toEqual(payloads);
      });

      it('keep the order of keys whose messages fail, wait in memory, or both', async () => {
        const topic = await cluster.topic('FIFO');
        const groupId = await cluster.group({ ordered: true, maxRetries: 25 });
        const done: Record<string, number[]> = {};
        const failed = new Set<string>();
        const node = await boot(
          topic,
          groupId,
          async ({ payload }) => {
            const { key, n } = payload as { key: string; n: number };
            await new Promise((resolve) => setTimeout(resolve, 20));
            if (n % 3 === 1 && !failed.has(`${key}${n}`)) {
              failed.add(`${key}${n}`);
              throw new Error('not yet');
            }
            (done[key] ??= []).push(n);
          },
          {
            topics: { orders: { topic, ordered: true } },
            consume: { concurrency: 2, timeout: '5s', backoff: { base: 100, cap: 100 } },
          },
        );
        const keys = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6'];
        for (let n = 0; n < 6; n += 1)
          for (const key of keys) await node.mq.publish('orders', { payload: { key, n }, orderingKey: key }, OWN);
        const handled = () => Object.values(done).flat().length;
        await eventually(() => handled() >= 36, { timeoutMs: 120_000, what: 'all keys handled' });
        expect(done).toEqual(Object.fromEntries(keys.map((key) => [key, [0, 1, 2, 3, 4, 5]])));
      });

      /** A topic of both, and an application that publishes to the first only: its route is from when there was no other. */
      async function oneSided(): Promise<{ topic: string; groupId: string; publish(): Promise<void> }> {
        const topic = await cluster.topic('NORMAL', { on: ['broker-a'] });
        const groupId = await cluster.group();
        const { mq } = await bootNode(db, {
          transport: rocketmq({ endpoints: cluster.process('broker-a').endpoint! }),
          topics: { orders: { topic } },
          groups: { stock: { groupId } },
        });
        await (await mq.publish('orders', { payload: -1 }, OWN)).sent();
        await cluster.admin.createTopic({ name: topic, type: 'NORMAL', queues: 4 }, ['broker-b']);
        // Whoever reads it asks both from the start.
        for (const { endpoint } of cluster.proxies)
          await eventually(async () => (await queryRoute(endpoint!, topic)).queues === 8, { what: 'a route to both' });
        const publish = async (): Promise<void> => {
          const sent = Array.from({ length: COUNT }, async (_, payload) =>
            (await mq.publish('orders', { payload }, OWN)).sent(),
          );
          await Promise.all(sent);
        };
        return { topic, groupId, publish };
      }

      it.each([4, 1])('hand out what is at the other at once, with %d places', async (concurrency) => {
        const { topic, groupId, publish } = await oneSided();
        const seen = new Set<unknown>();
        const work: Handle = async ({ payload }) => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          seen.add(payload);
        };
        await boot(topic, groupId, work, { consume: { concurrency } });
        await eventually(() => seen.size > 0, FLOWING);
        await publish();
        await eventually(() => seen.size > COUNT, FLOWING);
      });

      it('hand out what is at the other at once while one is frozen', async () => {
        const { topic, groupId, publish } = await oneSided();
        const seen = new Set<unknown>();
        await boot(topic, groupId, ({ payload }) => void seen.add(payload));
        await eventually(() => seen.size > 0, FLOWING);
        const frozen = cluster.process('broker-b');
        frozen.pause();
        try {
          await publish();
          await eventually(() => seen.size > COUNT, FLOWING);
        } finally {
          frozen.resume();
        }
      });
    },
    ['PostgreSQL'],
  );
});
