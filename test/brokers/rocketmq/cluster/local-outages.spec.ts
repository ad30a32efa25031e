import 'reflect-metadata';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { consumer } from '../../../support/node/consumer.js';
import { bootNode, told } from '../../../support/node/node.js';
import { Tables } from '../../../support/node/tables.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { useRocketmqCluster } from '../../../support/rocketmq/use-cluster.js';
import { describeRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { never, outbound, poll, subscription, type Delivery } from '../../../support/transport/rocketmq-stage.js';
import { Load } from '../../../support/node/load.js';

jest.setTimeout(240_000);
const LEASE_MS = 15_000;
const EXTENDED_MS = 30_000;

describeRocketmq('two brokers with their proxies inside, of which each is killed in turn under load', () => {
  const cluster = useRocketmqCluster({ mode: 'local' });

  it('acknowledge what had its lease prolonged; what cannot be told to the dead one comes again from there', async () => {
    const [topic, groupId] = [await cluster.topic(), await cluster.group()];
    const transport = rocketmq({ endpoints: cluster.endpoints });
    try {
      const source = transport.subscribe(subscription({ topic, groupId }));
      await poll(source);
      for (let n = 0; n < 12; n += 1) await transport.send(outbound({ topic, body: `${n}` }), never);
      const messages = new Map<string, Delivery>();
      const receive = async (): Promise<Delivery[]> => poll(source, { waitMs: 1_000, leaseMs: LEASE_MS });
      await eventually(
        async () => {
          for (const delivery of await receive()) {
            const prolonged = await source.extend!(delivery, EXTENDED_MS, never);
            if (prolonged) messages.set(String(prolonged.message.body), prolonged);
          }
          return messages.size === 12;
        },
        { timeoutMs: 60_000, what: 'all received and prolonged' },
      );
      const held = [...messages.values()];
      const dead = cluster.process('broker-a');
      const isThere = ({ server }: Delivery): boolean => server!.startsWith(`${dead.name} at `);
      const [ofDead, ofOther] = [held.filter(isThere), held.filter((delivery) => !isThere(delivery))];
      expect(Math.min(ofDead.length, ofOther.length)).toBeGreaterThan(0);
      await dead.kill();
      expect(new Set(await source.ack(ofOther, never))).toEqual(new Set(['done']));
      expect(new Set(await source.ack(ofDead, never))).toEqual(new Set(['unknown']));
      await dead.start();
      const again = new Set<string>();
      await eventually(
        async () => {
          const found = await receive().catch(() => []);
          for (const { message } of found) again.add(String(message.body));
          await source.ack(found, never);
          return again.size >= ofDead.length;
        },
        { timeoutMs: 120_000, what: 'those of the dead one once more' },
      );
      expect([...again].toSorted()).toEqual(ofDead.map(({ message }) => String(message.body)).toSorted());
    } finally {
      await transport.close();
    }
  });

  describeDatabases(
    'the application',
    (db) => {
      let load: Load;
      afterEach(() => load?.stop());
      closeAfterEach();
      const tables = new Tables(db);

      it('goes on with the other one, and handles each message once', async () => {
        const node = await bootNode(db, {
          transport: rocketmq({ endpoints: cluster.endpoints }),
          topics: { orders: { topic: await cluster.topic() } },
          groups: { stock: { groupId: await cluster.group({ maxRetries: 25 }) } },
          reproduce: { idle: '500ms' },
          consume: { timeout: '5s' },
          handlers: [consumer('orders', 'stock', (message, context) => tables.effect(context, message))],
        });
        const parked = told(node, 'message.parked');
        const deliveriesParked = told(node, 'delivery.parked');
        load = new Load(node, () => tables.effects());
        await load.flows();
        for (const broker of cluster.brokers) {
          await broker.kill();
          await load.goesOn();
          await broker.start();
          await load.goesOn();
        }
        await load.settles();
        expect(await tables.effects()).toEqual(load.published.toSorted());
        await eventually(async () => (await tables.statuses()).every(({ status }) => status === 'SENT'), {
          timeoutMs: 60_000,
          what: 'all marked as sent',
        });
        expect([...parked, ...deliveriesParked]).toEqual([]);
      });
    },
    ['PostgreSQL'],
  );
});
