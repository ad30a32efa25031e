import 'reflect-metadata';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { consumer } from '../../../support/node/consumer.js';
import { bootNode, OWN, told } from '../../../support/node/node.js';
import { Tables } from '../../../support/node/tables.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { useRocketmqCluster } from '../../../support/rocketmq/use-cluster.js';
import { describeRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { failure, never, outbound, poll, subscription } from '../../../support/transport/rocketmq-stage.js';

const SLOW = { timeoutMs: 60_000, intervalMs: 100 };
const EACH = 20;
const ADMIN = { accessKey: 'alice', accessSecret: 'correct-horse' };
const APP = { accessKey: 'bob', accessSecret: 'battery-staple' };

/** Access control of RocketMQ 5.5.0, on proxies that are no brokers, as they ask brokers who may what. */
describeRocketmq('a user with rights for some topics and groups', () => {
  const names = { open: 'orders', closed: 'secret', group: 'GID_stock', closedGroup: 'GID_others' };
  const cluster = useRocketmqCluster({
    auth: ADMIN,
    topics: [{ name: names.open }, { name: names.closed }],
    groups: [{ name: names.group }, { name: names.closedGroup }],
  });
  beforeAll(async () => {
    await cluster.admin.createUser(APP);
    await cluster.admin.grant(APP.accessKey, {
      [`Topic:${names.open}`]: ['Pub', 'Sub'],
      [`Group:${names.group}`]: ['Sub'],
    });
  });

  it.each([
    ['the wrong secret', { ...APP, accessSecret: 'correct-horse' }, /check signature failed/],
    ['a user that nobody knows', { ...APP, accessKey: 'eve' }, /User:eve is not found/],
  ])('%s: is told as wrong credentials', async (_, credentials, words) => {
    const transport = rocketmq({ endpoints: cluster.endpoints, credentials });
    try {
      for (const call of [transport.send(outbound(), never), poll(transport.subscribe(subscription()))]) {
        const error = await failure(call);
        expect(error).toMatchObject({ kind: 'auth', brokerCode: 'UNAUTHORIZED' });
        expect(error.message).toMatch(words);
        expect(error.message).toMatch(/check transport.credentials/);
      }
    } finally {
      await transport.close();
    }
  });

  it.each([
    [{ topic: names.closed, groupId: names.group }, 'Topic:secret'],
    [{ topic: names.open, groupId: names.closedGroup }, 'Group:GID_others'],
  ])('%o: is told that the right to it is missing', async (subscribed, what) => {
    const transport = rocketmq({ endpoints: cluster.endpoints, credentials: APP });
    try {
      const error = await failure(poll(transport.subscribe(subscription(subscribed))));
      expect(error).toMatchObject({ kind: 'forbidden', brokerCode: 'UNAUTHORIZED' });
      expect(error.message).toContain(`no permission to access ${what}`);
    } finally {
      await transport.close();
    }
  });

  describeDatabases(
    'an application',
    (db) => {
      closeAfterEach();
      const tables = new Tables(db);

      it('sends to the topic that it may, reads it, and costs the messages of the other nothing until the right is there', async () => {
        const node = await bootNode(db, {
          transport: rocketmq({ endpoints: cluster.endpoints, credentials: APP }),
          topics: { orders: { topic: names.open }, secret: { topic: names.closed } },
          // Places for all: how brokers share few is not the matter here.
          groups: { stock: { groupId: names.group, concurrency: 4 * EACH } },
          handlers: ['orders', 'secret'].map((topic) =>
            consumer(topic, 'stock', (message, context) => tables.effect(context, message)),
          ),
        });
        const opened = told(node, 'circuit.opened');
        const ids = { orders: [] as string[], secret: [] as string[] };
        for (let n = 0; n < EACH; n += 1) {
          for (const topic of ['secret', 'orders'] as const) {
            const publication = await node.mq.publish(topic, { payload: n }, OWN);
            ids[topic].push(publication.messages[0]!.id);
          }
        }
        await eventually(async () => (await tables.effects()).length >= EACH, {
          ...SLOW,
          what: 'the messages of the topic with the right handled',
        });
        expect(await tables.effects()).toEqual(ids.orders.toSorted());
        expect(opened.map(({ scope }) => scope)).toEqual([`topic ${names.closed}`]);
        const waiting = (await tables.statuses()).filter(({ id }) => ids.secret.includes(id));
        expect(waiting.filter(({ status }) => status === 'SENT' || status === 'DEAD')).toEqual([]);
        expect(waiting.map(({ failed_count }) => failed_count)).toEqual(Array.from({ length: EACH }, () => 0));

        await cluster.admin.grant(APP.accessKey, { [`Topic:${names.closed}`]: ['Pub', 'Sub'] });
        await eventually(async () => (await tables.effects()).length >= 2 * EACH, {
          ...SLOW,
          what: 'the messages of the other topic handled, once the right is there',
        });
        expect(await tables.effects()).toEqual([...ids.orders, ...ids.secret].toSorted());
      });
    },
    ['PostgreSQL'],
  );
});
