import 'reflect-metadata';
import { MqAdminService, MqConsumerService, type MqAlert } from 'nestjs-reliable-mq';
import { MemoryBroker } from 'nestjs-reliable-mq/testing';
import { busyConnections, describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, gate, type Handle } from '../support/node/consumer.js';
import {
  bootNode,
  leasesEnd,
  type Node,
  type NodeSetup,
  OWN,
  pending,
  publishOne,
  told,
} from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

/** A broker whose operator lets a group have so many deliveries, fewer than `maxAttempts`. */
const brokerThatGivesUpAfter = (deliveries: number): MemoryBroker => new MemoryBroker(undefined, deliveries);

/** A message that ended its process at each delivery, so that nobody recorded anything. */
function givenUp(broker: MemoryBroker, id: string | null, topic = 'shop_orders'): string {
  const group = broker.group(topic, 'GID_stock', null);
  const { brokerMessageId } = broker.accept({
    topic,
    instanceId: null,
    tag: null,
    key: 'key',
    body: '"work"',
    properties: id === null ? {} : { 'mq-id': id },
    deliverAt: null,
    orderingKey: null,
  });
  while (group.pending.length > 0) {
    for (const entry of group.take({ max: 1, leaseMs: 60_000, tags: null, ordered: false })) group.release(entry, 0);
  }
  return brokerMessageId;
}

const deadLetters = (broker: MemoryBroker) => broker.deadLetters('GID_stock', null);

describeDatabases('what the broker gives up on', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  let broken: boolean;
  let attempts: number;
  beforeEach(() => {
    broken = true;
    attempts = 0;
  });

  const stock: Handle = async (message, context) => {
    attempts++;
    if (broken) throw new Error('no such sku');
    await tables.effect(context, message);
  };
  const boot = (more: NodeSetup): Promise<Node> =>
    bootNode(db, { profile: 'rich', handlers: [consumer('orders', 'stock', stock)], ...more });
  const allRead = (broker: MemoryBroker): Promise<unknown> =>
    eventually(() => pending(broker) + deadLetters(broker).pending.length === 0, { what: 'dead letters acknowledged' });
  const parkedRows = async () => (await tables.errors()).filter(({ parked }) => Boolean(parked));

  it('is parked with everything that it was, told once, and found and replayed as anything else', async () => {
    const alerts: MqAlert[] = [];
    const node = await boot({ broker: brokerThatGivesUpAfter(2), onAlert: (alert) => void alerts.push(alert) });
    const parked = told(node, 'delivery.parked');
    const before = Date.now();
    const { messages } = await node.mq.publish(
      'orders',
      { payload: { sku: 'unknown' }, tag: 'created', key: 'order-7', headers: { trace: 'abc' } },
      OWN,
    );
    const { id } = messages[0]!;
    await eventually(async () => (await parkedRows()).length === 1, { what: 'the message being parked' });
    await allRead(node.broker);

    const [row] = await parkedRows();
    expect(row).toMatchObject({
      direction: 'CONSUME',
      message_id: id,
      topic_alias: 'orders',
      tag: 'created',
      msg_key: 'order-7',
      group_alias: 'stock',
      group_id: 'GID_stock',
      attempt: 3,
      error_class: 'MqError',
      error_code: 'MQ_DEAD_LETTERED',
      message: expect.stringContaining('2 failed attempts are recorded, maxAttempts is 16'),
      payload: '{"sku":"unknown"}',
      headers: '{"trace":"abc"}',
      ordering_key: null,
      broker_message_id: node.broker.sent[0]!.brokerMessageId,
      instance: expect.stringContaining(`:${process.pid}`),
      resolved_at: null,
      retain_from: null,
    });
    const { published_at: publishedAt } = row as unknown as { published_at: string };
    expect(Number(publishedAt)).toBeGreaterThanOrEqual(before - 1);
    expect(Number(publishedAt)).toBe(node.broker.sent[0]!.publishedAt);
    expect(await tables.inbox()).toEqual([{ message_id: id, group_id: 'GID_stock', state: 'PARKED' }]);
    expect(parked).toMatchObject([
      { topic: 'orders', group: 'stock', messageId: id, key: 'order-7', error: { code: 'MQ_DEAD_LETTERED' } },
    ]);
    expect(alerts).toMatchObject([
      { kind: 'delivery.parked', code: 'MQ_DEAD_LETTERED', topic: 'orders', group: 'stock' },
    ]);
    expect(node.app.get(MqConsumerService).handlers()).toHaveLength(1);

    const admin = node.app.get(MqAdminService);
    const [found] = await admin.find({ side: 'consume', status: 'PARKED' });
    expect(found).toMatchObject({ messageId: id, topic: 'orders', group: 'stock', errorCode: 'MQ_DEAD_LETTERED' });
    broken = false;
    expect(await admin.replay([found!.id], { reason: 'the sku exists' })).toMatchObject([{ outcome: 'replayed' }]);
    await eventuallyPasses(async () => expect(await tables.effects()).toEqual([id]));
    expect((await tables.inbox()).map(({ state }) => state)).toEqual(['HANDLED']);
    expect((await tables.errors()).map(({ resolution }) => resolution)).toEqual(Array(3).fill('the sku exists'));
    expect(attempts).toBe(3);
    await allRead(node.broker);
    await tables.poolIsFree(node);
  });

  it.each([true, false])('is parked once although it is read again, in another process (inbox: %s)', async (inbox) => {
    const broker = brokerThatGivesUpAfter(2);
    givenUp(broker, 'killer');
    broker.loseNextAcks(1_000);
    const groups = { stock: { groupId: 'GID_stock', inbox } };
    const first = await boot({ broker, groups, shutdown: { drain: '100ms' } });
    await eventually(async () => (await parkedRows()).length === 1, { what: 'the message being parked' });
    // As if the process had ended between its commit and the acknowledgement.
    await first.app.close();
    expect(deadLetters(broker).pending).toHaveLength(1);
    broker.heal();
    for (const entry of deadLetters(broker).pending) deadLetters(broker).release(entry, 0);

    const second = await boot({ broker, groups });
    const repeats = [told(second, 'delivery.parked'), told(second, 'delivery.duplicate')] as const;
    await allRead(broker);
    expect(await tables.errors()).toMatchObject([{ message_id: 'killer', attempt: 1, error_code: 'MQ_DEAD_LETTERED' }]);
    expect(repeats[0]).toEqual([]);
    expect(attempts).toBe(0);

    broken = false;
    const admin = second.app.get(MqAdminService);
    const [found] = await admin.find({ status: 'PARKED' });
    await admin.replay([found!.id], { reason: 'repaired' });
    await eventuallyPasses(async () => expect(await tables.effects()).toEqual(['killer']));
  });

  it.each(['ours', null])('is only acknowledged if its inbox row says handled (mq-id: %s)', async (id) => {
    broken = false;
    const broker = brokerThatGivesUpAfter(1);
    const node = await boot({ broker });
    const again = told(node, 'delivery.duplicate');
    broker.loseNextAcks(1_000);
    broker.accept({
      topic: 'shop_orders',
      instanceId: null,
      tag: null,
      key: 'key',
      body: '"work"',
      properties: id === null ? {} : { 'mq-id': id },
      deliverAt: null,
      orderingKey: null,
    });
    await eventually(async () => (await tables.effects()).length === 1, { what: 'the message being handled' });
    broker.heal();
    leasesEnd(broker);
    await eventually(() => again.length === 1, { what: 'the dead letter being read' });
    await allRead(broker);
    expect(broker.stateOf('shop_orders', 'GID_stock').dead).toHaveLength(1);
    expect(await tables.errors()).toEqual([]);
    expect((await tables.inbox()).map(({ state }) => state)).toEqual(['HANDLED']);
    expect(attempts).toBe(1);
  });

  it.each([
    ['returns', 'HANDLED'],
    ['throws', 'PARKED'],
  ])('while its handler still runs waits for that, which %s', async (end, state) => {
    const [broker, step] = [brokerThatGivesUpAfter(1), gate()];
    const slow: Handle = async (message, context) => {
      await tables.effect(context, message);
      step.reach();
      await step.pass;
      if (end === 'throws') throw new Error('no such sku');
    };
    const node = await boot({ broker, handlers: [consumer('orders', 'stock', slow)] });
    const id = await publishOne(node);
    await step.reached;
    leasesEnd(broker);
    await eventually(() => deadLetters(broker).pending[0]?.deliveries === 1, { what: 'the dead letter being read' });
    await eventually(() => busyConnections(node.dataSource) === 2, { what: 'two transactions' });
    step.open();
    await allRead(broker);
    expect(await tables.inbox()).toEqual([{ message_id: id, group_id: 'GID_stock', state }]);
    expect(await parkedRows()).toHaveLength(end === 'throws' ? 1 : 0);
    expect(await tables.effects()).toEqual(end === 'throws' ? [] : [id]);
  });

  it('stays with the broker as long as it cannot be written, and other work goes on', async () => {
    const broker = brokerThatGivesUpAfter(2);
    givenUp(broker, 'killer');
    // The lookup before it works; only this row cannot be written.
    const refuse = `ALTER TABLE mq_inbox ADD CONSTRAINT refuses_it CHECK (message_id <> 'killer')`;
    await (await boot({ broker: new MemoryBroker() })).app.close(); // makes the tables
    await db.query(refuse);
    try {
      broken = false;
      const node = await boot({ broker });
      const [released, failed] = [told(node, 'delivery.released'), told(node, 'loop.failed')];
      await eventually(() => released.length > 0, { what: 'the dead letter being left to the broker' });
      expect(released).toMatchObject([{ reason: 'database', messageId: 'killer' }]);
      expect(failed).toMatchObject([{ loop: 'consumer:orders/stock parking' }]);
      expect(deadLetters(broker).pending).toMatchObject([{ state: 'ready', deliveries: 1 }]);
      const id = await publishOne(node);
      await eventuallyPasses(async () => expect(await tables.effects()).toEqual([id]));
      expect(await tables.errors()).toEqual([]);
      await db.query('ALTER TABLE mq_inbox DROP CONSTRAINT refuses_it');
      for (const entry of deadLetters(broker).pending) deadLetters(broker).release(entry, 0);
      await allRead(broker);
      expect(await tables.errors()).toMatchObject([{ message_id: 'killer' }]);
    } finally {
      await db.query('ALTER TABLE mq_inbox DROP CONSTRAINT refuses_it').catch(() => undefined);
    }
  });

  it('of a topic that is not configured is kept under its own name, and replayed once it is', async () => {
    const broker = brokerThatGivesUpAfter(1);
    const brokerMessageId = givenUp(broker, null, 'left_over');
    const first = await boot({ broker });
    await allRead(broker);
    const admin = first.app.get(MqAdminService);
    const [found] = await admin.find({ status: 'PARKED' });
    expect(found).toMatchObject({ topic: 'left_over', group: 'stock', messageId: `broker:${brokerMessageId}` });
    expect(await admin.replay([found!.id], { reason: 'x' })).toMatchObject([{ outcome: 'not-replayable' }]);
    await first.app.close();

    broken = false;
    const topics = { left_over: { topic: 'left_over' } };
    const second = await boot({ broker, topics, handlers: [consumer('left_over', 'stock', stock)] });
    const outcomes = await second.app.get(MqAdminService).replay([found!.id], { reason: 'configured' });
    expect(outcomes).toMatchObject([{ outcome: 'replayed' }]);
    await eventuallyPasses(async () => expect(await tables.effects()).toEqual([`broker:${brokerMessageId}`]));
  });

  it('makes the status row of a topic that settles on the group DEAD', async () => {
    const topics = { orders: { topic: 'shop_orders', settleOn: { group: 'stock', within: '1h' } } };
    const node = await boot({ broker: brokerThatGivesUpAfter(2), topics });
    const id = await publishOne(node);
    await eventuallyPasses(async () =>
      expect(await tables.statuses()).toMatchObject([
        { id, status: 'DEAD', due_at: null, lease_token: null, last_error_code: 'MQ_DEAD_LETTERED' },
      ]),
    );
    const admin = node.app.get(MqAdminService);
    const [parked] = await admin.find({ side: 'consume', status: 'PARKED' });
    expect(parked).toMatchObject({ messageId: id });
    broken = false;
    await admin.replay([id], { reason: 'repaired' });
    await eventuallyPasses(async () => expect(await tables.effects()).toEqual([id]));
  });
});
