import 'reflect-metadata';
import { MqAdminService, PermanentError, RetryLater } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer, type Handle } from '../support/node/consumer.js';
import { bootNode, type Node, type NodeSetup, pending, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const GROUPS = { stock: { groupId: 'GID_stock' }, mail: { groupId: 'GID_mail' } };

describeDatabases('parking and replay', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  let broken: boolean;
  beforeEach(() => (broken = true));

  /** Group `stock` gives messages up while `broken`; group `mail` takes everything. */
  const stock: Handle = async (message, context) => {
    await tables.effect(context, message, 'stock');
    if (broken) throw new PermanentError('no such sku');
  };
  const mail: Handle = (message, context) => tables.effect(context, message, 'mail');
  const boot = (more: NodeSetup = {}): Promise<Node> =>
    bootNode(db, {
      groups: GROUPS,
      handlers: [consumer('orders', 'stock', stock), consumer('orders', 'mail', mail)],
      ...more,
    });
  const allDone = (node: Node): Promise<unknown> =>
    eventually(() => pending(node.broker) + pending(node.broker, 'GID_mail') === 0, { what: 'all acknowledged' });

  it('parks a permanent error at once, with the payload and beside the inbox row; other groups go on', async () => {
    const node = await boot();
    const id = await publishOne(node, { sku: 'unknown' });
    await allDone(node);
    expect(await tables.notes()).toEqual(['mail']);
    expect(await tables.inbox()).toEqual([
      { message_id: id, group_id: 'GID_mail', state: 'HANDLED' },
      { message_id: id, group_id: 'GID_stock', state: 'PARKED' },
    ]);
    const errors = await tables.errors();
    expect(errors).toMatchObject([{ attempt: 1, group_id: 'GID_stock', payload: '{"sku":"unknown"}' }]);
    expect(Boolean(errors[0]!.parked)).toBe(true);
    await tables.poolIsFree(node);
  });

  it('acknowledges nothing that it could not park', async () => {
    const node = await boot();
    const released = told(node, 'delivery.released');
    await db.query('ALTER TABLE mq_error_log RENAME TO mq_error_log_away');
    try {
      await publishOne(node);
      await eventually(() => pending(node.broker, 'GID_mail') === 0);
      await eventually(() => released.length > 0, { what: 'the delivery being left to the broker' });
      expect(pending(node.broker)).toBe(1);
      expect((await tables.inbox()).map(({ state }) => state)).toEqual(['HANDLED']);
    } finally {
      await db.query('ALTER TABLE mq_error_log_away RENAME TO mq_error_log');
    }
  });

  it('replays to the group that parked it and to no other, under the same id, with the reason on its error rows', async () => {
    const node = await boot();
    const admin = node.app.get(MqAdminService);
    const id = await publishOne(node);
    await allDone(node);
    const [parked] = await admin.find({ side: 'consume', status: 'PARKED' });
    expect(parked).toMatchObject({ messageId: id, topic: 'orders', group: 'stock', status: 'PARKED' });
    expect(await admin.counts()).toMatchObject({ parkedDeliveries: 1 });

    broken = false;
    const skipped = told(node, 'delivery.skipped');
    expect(await admin.replay([parked!.id], { reason: 'the sku exists now' })).toMatchObject([{ outcome: 'replayed' }]);
    await eventuallyPasses(async () => expect(await tables.notes()).toEqual(['mail', 'stock']));
    await allDone(node);
    expect(await tables.effects()).toEqual([id, id]);
    expect(skipped).toMatchObject([{ messageId: id, group: 'mail', reason: 'other-group' }]);
    expect((await tables.inbox()).map(({ state }) => state)).toEqual(['HANDLED', 'HANDLED']);
    expect(await tables.errors()).toMatchObject([{ resolution: 'the sku exists now' }]);
    expect(node.broker.sent.map(({ properties }) => properties['mq-id'])).toEqual([id, id]);
    expect(await admin.counts()).toMatchObject({ parkedDeliveries: 0 });
  });

  it('replays once, however many ask for it at the same time', async () => {
    const node = await boot();
    const admin = node.app.get(MqAdminService);
    await publishOne(node);
    await allDone(node);
    const [parked] = await admin.find({ status: 'PARKED' });
    broken = false;
    const asked = await Promise.all([1, 2, 3].map((n) => admin.replay([parked!.id], { reason: `operator ${n}` })));
    expect(
      asked
        .flat()
        .map(({ outcome }) => outcome)
        .toSorted(),
    ).toEqual(['not-replayable', 'not-replayable', 'replayed']);
    await eventuallyPasses(async () => expect(await tables.notes()).toEqual(['mail', 'stock']));
    await allDone(node);
    expect(node.broker.sent).toHaveLength(2);
    expect(await admin.replay(['nobody-knows-this'], { reason: 'x' })).toMatchObject([{ outcome: 'not-found' }]);
    await expect(admin.replay([parked!.id], { reason: ' ' })).rejects.toMatchObject({ code: 'MQ_MESSAGE_INVALID' });
  });

  it('is asked for with ids and a reason, or refused in words, also where no compiler looks', async () => {
    const node = await boot();
    const admin = node.app.get(MqAdminService) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    for (const what of ['replay', 'discard', 'cancel']) {
      const needs = (text: string) => ({
        code: 'MQ_MESSAGE_INVALID',
        message: expect.stringContaining(text) as string,
      });
      for (const args of [[['id']], [['id'], {}], [['id'], { reason: ' ' }]])
        await expect(admin[what]!(...args)).rejects.toMatchObject(needs(`${what}() needs a reason`));
      for (const ids of ['an id', undefined, [7]])
        await expect(admin[what]!(ids, { reason: 'x' })).rejects.toMatchObject(needs(`${what}() needs a list of ids`));
    }
  });

  it('replays a message that never left, and then every group gets it', async () => {
    broken = false;
    const node = await boot();
    const admin = node.app.get(MqAdminService);
    node.broker.failNextSends(new TransportError('invalid', 'refused by a rule'));
    const id = await publishOne(node);
    const [dead] = await admin.find({ side: 'publish', status: 'DEAD' });
    expect(dead).toMatchObject({ id, messageId: id, errorCode: 'MQ_BROKER_REJECTED' });
    await admin.replay([dead!.id], { reason: 'the rule is gone' });
    await eventuallyPasses(async () => expect(await tables.notes()).toEqual(['mail', 'stock']));
    await allDone(node);
    expect(await tables.effects()).toEqual([id, id]);
    const rows = await tables.statuses();
    expect(rows.map(({ status }) => status).toSorted()).toEqual(['DEAD', 'SENT']);
    expect(rows.find(({ status }) => status === 'SENT')).toMatchObject({ replay_of: id });
    expect(await tables.errors()).toMatchObject([{ direction: 'PRODUCE', resolution: 'the rule is gone' }]);
    expect(await admin.find({ status: 'DEAD' })).toEqual([]);
  });

  it('parks after maxAttempts recorded failures, and a replay has all of them again', async () => {
    let runs = 0;
    const failing = consumer('orders', 'stock', () => {
      runs++;
      throw new Error(`failure ${runs}`);
    });
    const groups = { stock: { groupId: 'GID_stock', maxAttempts: 3 } };
    const node = await boot({ groups, handlers: [failing] });
    await publishOne(node);
    await eventually(() => pending(node.broker) === 0);
    expect(runs).toBe(3);
    const errors = await tables.errors();
    expect(errors.map(({ attempt, parked }) => [attempt, Boolean(parked)])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    const admin = node.app.get(MqAdminService);
    const [parked] = await admin.find({ status: 'PARKED' });
    await admin.replay([parked!.id], { reason: 'once more' });
    await eventually(() => runs === 6 && pending(node.broker) === 0, { what: 'three more attempts' });
    expect((await tables.errors()).filter(({ resolution }) => resolution === 'once more')).toHaveLength(3);
  });

  it('keeps RetryLater in memory where the broker cannot be told, and counts it', async () => {
    const attempts: number[] = [];
    const began: number[] = [];
    const later = consumer('orders', 'stock', async (message, context) => {
      attempts.push(context.attempt);
      began.push(performance.now());
      if (attempts.length === 1) throw new RetryLater('400ms', 'stock taking');
      await tables.effect(context, message);
    });
    const node = await boot({ groups: { stock: GROUPS.stock }, handlers: [later] });
    const failures = told(node, 'delivery.failed');
    const id = await publishOne(node);
    await eventually(() => pending(node.broker) === 0);
    expect(attempts).toEqual([1, 2]);
    // Timers of Node may fire a millisecond early.
    expect(began[1]! - began[0]!).toBeGreaterThanOrEqual(398);
    expect(failures).toMatchObject([{ retryInMs: 400 }]);
    expect(await tables.effects()).toEqual([id]);
    expect(await tables.errors()).toMatchObject([{ attempt: 1, message_id: id }]);
  });

  it('parks a body that cannot be read, at once, as it came', async () => {
    const node = await boot();
    await node.transport.send(
      {
        topic: 'shop_orders',
        instanceId: null,
        tag: null,
        key: 'k',
        body: '{"sku":',
        properties: { 'mq-id': 'torn' },
        deliverAt: null,
        orderingKey: null,
      },
      new AbortController().signal,
    );
    await allDone(node);
    expect(await tables.effects()).toEqual([]);
    expect((await tables.inbox()).map(({ state }) => state)).toEqual(['PARKED', 'PARKED']);
    const torn = { message_id: 'torn', error_code: 'MQ_PAYLOAD_INVALID', payload: '{"sku":', attempt: 1 };
    expect(await tables.errors()).toMatchObject([torn, torn]);
  });
});
