import 'reflect-metadata';
import { MemoryBroker } from 'nestjs-reliable-mq/testing';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer } from '../support/node/consumer.js';
import { bootNode, type Node, OWN, pending } from '../support/node/node.js';

describeDatabases('two environments on one topic', (db) => {
  closeAfterEach();

  interface Environment {
    readonly node: Node;
    readonly seen: string[];
  }
  const environment = async (broker: MemoryBroker, suffix: string): Promise<Environment> => {
    const seen: string[] = [];
    const node = await bootNode(db, {
      broker,
      tagSuffix: suffix,
      groupSuffix: suffix,
      tables: { prefix: `env${suffix}_` },
      groups: { stock: { groupId: 'GID_stock', tags: ['created', 'paid'] } },
      handlers: [consumer('orders', 'stock', ({ tag, payload }) => seen.push(`${tag} of ${String(payload)}`))],
    });
    return { node, seen };
  };

  it('do not see the messages of each other, and handlers know nothing of suffixes', async () => {
    const broker = new MemoryBroker();
    const dev = await environment(broker, '_dev');
    const test = await environment(broker, '_test');
    for (const [name, { node }] of Object.entries({ dev, test })) {
      for (const tag of ['created', 'paid']) {
        await (await node.mq.publish('orders', { payload: name, tag }, OWN)).sent();
      }
    }
    await eventually(() => dev.seen.length >= 2 && test.seen.length >= 2);
    await eventually(() => pending(broker, 'GID_stock_dev') + pending(broker, 'GID_stock_test') === 0);
    expect(dev.seen.toSorted()).toEqual(['created of dev', 'paid of dev']);
    expect(test.seen.toSorted()).toEqual(['created of test', 'paid of test']);
    const tags = broker.sent.map(({ tag }) => String(tag));
    expect(tags.toSorted()).toEqual(['created_dev', 'created_test', 'paid_dev', 'paid_test']);
    const inbox = await db.query<{ group_id: string }>('SELECT DISTINCT group_id FROM env_dev_inbox');
    expect(inbox).toEqual([{ group_id: 'GID_stock_dev' }]);
  });

  it('refuse what would reach the other one: a message, or a subscription, without a tag', async () => {
    const { node } = await environment(new MemoryBroker(), '_dev');
    await expect(node.mq.publish('orders', { payload: 1 }, OWN)).rejects.toMatchObject({ code: 'MQ_MESSAGE_INVALID' });
    const open = bootNode(db, { tagSuffix: '_dev', handlers: [consumer('orders', 'stock', () => undefined)] });
    await expect(open).rejects.toMatchObject({ code: 'MQ_CONFIG_INVALID' });
  });
});
