import 'reflect-metadata';
import { MqAdminService } from 'nestjs-reliable-mq';
import type { MemoryBroker } from 'nestjs-reliable-mq/testing';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, type Handle } from '../support/node/consumer.js';
import { bootNode, leasesEnd, type Node, pending, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

type Foreign = Parameters<MemoryBroker['accept']>[0];

const LONG = 'x'.repeat(4_000);
const ODD = `a\0b\n\u001b[31m\ud800|%u0000${LONG}`;

describeDatabases('a message of another producer', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  const boot = (work: Handle, groups: Record<string, object> = {}): Promise<Node> =>
    bootNode(db, {
      topics: { orders: { topic: 'shop_orders' }, invoices: { topic: 'shop_invoices' } },
      groups: { stock: { groupId: 'GID_stock', maxAttempts: 2, ...groups } },
      handlers: [consumer('orders', 'stock', work), consumer('invoices', 'stock', work)],
    });
  const send = (node: Node, message: Partial<Foreign>): unknown =>
    node.broker.accept({
      topic: 'shop_orders',
      instanceId: null,
      tag: null,
      key: 'k',
      body: '{"n":1}',
      properties: {},
      deliverAt: null,
      orderingKey: null,
      ...message,
    });
  const done = (node: Node): Promise<unknown> =>
    eventually(() => pending(node.broker) + pending(node.broker, 'GID_stock', 'shop_invoices') === 0, {
      what: 'all acknowledged',
    });
  const healthy = (node: Node, failures: unknown[]): void => {
    expect(failures).toEqual([]);
    expect(pending(node.broker)).toBe(0);
  };

  it.each([
    ['its mq-id', { properties: { 'mq-id': ODD } }],
    ['its key', { key: ODD }],
    ['its tag and its ordering key', { tag: ODD, orderingKey: ODD }],
    [
      'its headers',
      { properties: { 'mq-headers': Buffer.from(JSON.stringify({ [ODD]: ODD })).toString('base64url') } },
    ],
    ['a property', { properties: { odd: ODD } }],
    ['its body', { body: JSON.stringify({ odd: ODD }) }],
  ] as [string, Partial<Foreign>][])(
    'with texts in %s that no database takes is handled, parked and known again, and nothing else waits for it',
    async (_, message) => {
      let broken = true;
      const runs: string[] = [];
      const node = await boot(
        ({ id }) => {
          runs.push(id);
          if (broken) throw new Error(`cannot handle ${ODD}`);
        },
        { identify: ({ key }: { key: string | null }) => key ?? undefined },
      );
      const failures = told(node, 'loop.failed');
      send(node, message);
      await done(node);
      expect((await tables.errors()).map(({ parked }) => Boolean(parked))).toEqual([false, true]);
      send(node, message);
      await done(node);
      expect(runs).toHaveLength(2);
      broken = false;
      const admin = node.app.get(MqAdminService);
      const [parked] = await admin.find({ status: 'PARKED' });
      await admin.replay([parked!.id], { reason: 'mended' });
      await eventually(() => runs.length === 3, { what: 'the replay' });
      await done(node);
      expect(new Set(runs).size).toBe(1);
      expect((await tables.inbox()).map(({ state }) => state)).toEqual(['HANDLED']);
      healthy(node, failures);
    },
  );

  it('does not close the consumers’ gate with an id that the database refuses', async () => {
    const handled: string[] = [];
    const node = await boot(({ id }) => void handled.push(id));
    const failures = told(node, 'loop.failed');
    send(node, { properties: { 'mq-id': 'a\0b' } });
    await done(node);
    leasesEnd(node.broker);
    const id = await publishOne(node);
    await done(node);
    expect(handled).toEqual(['a%u0000b', id]);
    healthy(node, failures);
  });

  it('that names a status row which cannot exist is handled all the same', async () => {
    const handled: string[] = [];
    const node = await bootNode(db, {
      topics: { orders: { topic: 'shop_orders', settleOn: { group: 'stock', within: '5m' } } },
      groups: { stock: { groupId: 'GID_stock', maxAttempts: 2 } },
      handlers: [consumer('orders', 'stock', ({ id }) => void handled.push(id))],
    });
    const failures = told(node, 'loop.failed');
    send(node, { properties: { 'mq-id': '7', 'mq-row': ODD } });
    await done(node);
    expect(handled).toEqual(['7']);
    expect(await tables.errors()).toEqual([]);
    healthy(node, failures);
  });

  it('with the key of a message of another topic is another message', async () => {
    const handled: string[] = [];
    const node = await boot(
      async (message, context) => {
        handled.push(`${message.topic} ${message.key}`);
        await tables.effect(context, message);
      },
      { identify: ({ key }: { key: string | null }) => key ?? undefined },
    );
    send(node, { key: '7' });
    send(node, { key: '7', topic: 'shop_invoices' });
    send(node, { key: '7' });
    await done(node);
    expect(handled.toSorted()).toEqual(['invoices 7', 'orders 7']);
    expect(await tables.effects()).toEqual(['invoices/7', 'orders/7']);
  });

  it('with a known id and another body is kept, and told', async () => {
    const handled: unknown[] = [];
    const node = await boot(({ payload }) => void handled.push(payload), {
      identify: ({ key }: { key: string | null }) => key ?? undefined,
    });
    const parked = told(node, 'delivery.parked');
    send(node, { key: '7', body: '{"n":1}' });
    await done(node);
    send(node, { key: '7', body: '{"n":2}' });
    await done(node);
    expect(handled).toEqual([{ n: 1 }]);
    expect(parked).toMatchObject([{ error: { code: 'MQ_ID_CONFLICT' } }]);
    expect(await tables.errors()).toMatchObject([{ error_code: 'MQ_ID_CONFLICT', payload: '{"n":2}' }]);
    const admin = node.app.get(MqAdminService);
    const [found] = await admin.find({ status: 'PARKED' });
    await admin.replay([found!.id], { reason: 'is another one' });
    await eventually(() => handled.length === 2, { what: 'the replay' });
    await done(node);
    expect(handled).toEqual([{ n: 1 }, { n: 2 }]);
    send(node, { key: '7', body: '{"n":2}' });
    await done(node);
    expect(handled).toHaveLength(2);
    expect(parked).toHaveLength(1);
  });
});
