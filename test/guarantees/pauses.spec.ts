import 'reflect-metadata';
import { MqAdminService, MqConsumerService, PermanentError, ReproduceService, type MqAction } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer } from '../support/node/consumer.js';
import { bootNode, type Node, OWN, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const TOPICS = { orders: { topic: 'shop_orders', ordered: true }, bills: { topic: 'shop_bills' } };
const reason = 'the warehouse moves';

describeDatabases('a pause', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  beforeEach(async () => {
    for (const table of ['mq_pause', 'mq_action']) await db.query(`DELETE FROM ${table}`).catch(() => undefined);
  });

  const adminOf = ({ app }: Node): MqAdminService => app.get(MqAdminService);
  const bodies = ({ broker }: Node): unknown[] => broker.sent.map(({ body }) => body);
  const publish = async (node: Node, payload: string, orderingKey?: string): Promise<void> => {
    await (await node.mq.publish('orders', { payload, ...(orderingKey && { orderingKey }) }, OWN)).sent();
  };

  it('of a topic keeps its messages in the outbox, in their order, and no other’s', async () => {
    const node = await bootNode(db, { topics: TOPICS, groups: {} });
    const admin = adminOf(node);
    await admin.pause('topic:orders', { reason, actor: 'ann' });
    const passes = told(node, 'relay.ticked');
    await publish(node, 'first', 'k');
    await publish(node, 'second', 'k');
    await publish(node, 'free');
    expect(await tables.statuses()).toMatchObject(
      Array.from({ length: 3 }, () => ({ status: 'PENDING', started_count: 0, lease_token: null })),
    );
    // Due for long, and looked at: nobody takes them, and nobody calls that an outage.
    await db.query(`UPDATE mq_status_log SET due_at = due_at - 600000`);
    await publishOne(node, 'a bill', 'bills');
    const { claimed } = await node.app.get(ReproduceService).runOnce();
    expect(claimed).toBe(0);
    // Nor does the loop take them and give them back, over and over.
    expect(passes.reduce((sum, pass) => sum + pass.claimed, 0)).toBeLessThan(3);
    expect(bodies(node)).toEqual(['"a bill"']);
    const { since } = (await admin.pauses())[0]!;
    expect(await admin.health()).toMatchObject({
      status: 'up',
      reasons: [],
      notes: [`topic:orders is paused by ann since ${since.toISOString()}: ${reason}`],
    });
    expect(await admin.counts()).toMatchObject({ overdueMs: 0, orphans: [] });
    // Nor does a process that does not know the topic.
    const other = await bootNode(db, { topics: { bills: TOPICS.bills }, groups: {} });
    expect((await adminOf(other).counts()).orphans).toEqual([]);

    await admin.resume('topic:orders');
    expect(await admin.pauses()).toEqual([]);
    await eventually(() => bodies(node).length === 4, { what: 'everything to be sent' });
    expect(bodies(node).indexOf('"first"')).toBeLessThan(bodies(node).indexOf('"second"'));
    expect((await admin.health()).notes).toEqual([]);
  });

  it('holds what a transaction has published before it and commits after it', async () => {
    const node = await bootNode(db, { topics: TOPICS, groups: {} });
    const publication = await node.dataSource.transaction(async (manager) => {
      const published = await node.mq.publish('orders', { payload: 'between' }, { manager });
      await adminOf(node).pause('topic:orders', { reason });
      return published;
    });
    expect(await publication.sent()).toMatchObject([{ status: 'pending' }]);
    expect(bodies(node)).toEqual([]);
    await adminOf(node).resume('topic:orders');
    await eventually(() => bodies(node).length === 1);
    expect(await tables.statuses()).toMatchObject([{ failed_count: 0, started_count: 1 }]);
  });

  it('of a group stops its polls; a group goes on when neither this process nor all hold it', async () => {
    const handled: unknown[] = [];
    const handler = consumer('orders', 'stock', ({ payload }) => void handled.push(payload));
    const node = await bootNode(db, { handlers: [handler] });
    const here = node.app.get(MqConsumerService);
    await adminOf(node).pause('group:stock', { reason });
    await publishOne(node, 'waits');
    const isPaused = async (): Promise<boolean> =>
      (await adminOf(node).pauses()).some(({ target }) => target === 'group:stock');
    expect(await isPaused()).toBe(true);
    here.pause('stock');
    await adminOf(node).resume('group:stock');
    expect(await isPaused()).toBe(false);
    await adminOf(node).pause('group:stock', { reason });
    here.resume('stock');
    expect(node.broker.stateOf('shop_orders', 'GID_stock')).toMatchObject({ pending: 1 });
    expect(handled).toEqual([]);
    await adminOf(node).resume('group:stock');
    await eventually(() => handled.length === 1, { what: 'the group to go on' });
  });

  it('outlasts a restart: a process that starts knows it before it takes anything', async () => {
    const first = await bootNode(db, { topics: TOPICS });
    await adminOf(first).pause('topic:orders', { reason });
    await adminOf(first).pause('group:stock', { reason });
    await publish(first, 'waits');
    const { broker } = first;
    await first.app.close();
    const transport = memoryTransport({ broker });
    const message = { topic: 'shop_orders', instanceId: null, tag: null, key: 'm-1', body: '"at the broker"' };
    await transport.send(
      { ...message, properties: {}, deliverAt: null, orderingKey: null },
      new AbortController().signal,
    );
    const handled: unknown[] = [];
    const handler = consumer('orders', 'stock', ({ payload }) => void handled.push(payload));
    const next = await bootNode(db, { topics: TOPICS, broker, handlers: [handler] });
    expect((await next.app.get(ReproduceService).runOnce()).claimed).toBe(0);
    expect(handled).toEqual([]);
    await adminOf(next).resume('topic:orders');
    await adminOf(next).resume('group:stock');
    await eventually(() => handled.length === 2, { what: 'both to be handled' });
  });

  it('ends by itself when its time is over; a second one replaces the first', async () => {
    const node = await bootNode(db, { topics: TOPICS, groups: {} });
    const changes = told(node, 'pause.changed');
    await adminOf(node).pause('topic:orders', { reason });
    await adminOf(node).pause('topic:orders', { reason: 'shorter', for: '1s', actor: 'ann' });
    const [pause] = await adminOf(node).pauses();
    expect(pause).toMatchObject({ connection: 'default', target: 'topic:orders', reason: 'shorter', actor: 'ann' });
    expect(pause!.until!.getTime() - pause!.since.getTime()).toBe(1_000);
    await publish(node, 'waits');
    await eventually(() => bodies(node).length === 1, { what: 'the end of the pause' });
    expect(await adminOf(node).pauses()).toEqual([]);
    expect(changes.map(({ target, paused, actor }) => [target, paused, actor === 'ann'])).toEqual([
      ['topic:orders', true, false],
      ['topic:orders', false, true],
    ]);
  });

  it('that is over holds nothing back for whoever asks the tables, and nobody can end it once more', async () => {
    const node = await bootNode(db, { topics: TOPICS, groups: {}, role: 'api' });
    const admin = adminOf(node);
    await admin.pause('topic:orders', { reason, for: '1h' });
    await publish(node, 'waits');
    await db.query('UPDATE mq_status_log SET due_at = due_at - 600000');
    expect((await admin.counts()).overdueMs).toBe(0);
    await db.query('UPDATE mq_pause SET until_at = until_at - 3600001');
    expect((await admin.counts()).overdueMs).toBeGreaterThan(500_000);
    await admin.resume('topic:orders');
    expect((await admin.actions()).map(({ action }) => action)).toEqual(['pause']);
  });

  it('of what is not configured, or without a reason, is refused, with what there is', async () => {
    const node = await bootNode(db, { topics: TOPICS });
    const admin = adminOf(node);
    await expect(admin.pause('topic:order', { reason })).rejects.toMatchObject({
      code: 'MQ_UNKNOWN_TOPIC',
      message: expect.stringContaining('Known: orders, bills') as string,
    });
    await expect(admin.resume('group:shop')).rejects.toMatchObject({
      code: 'MQ_UNKNOWN_GROUP',
      message: expect.stringContaining('Known: stock') as string,
    });
    await expect(admin.pause('orders' as 'topic:', { reason })).rejects.toMatchObject({ code: 'MQ_MESSAGE_INVALID' });
    await expect(admin.pause('topic:orders', { reason: ' ' })).rejects.toMatchObject({ code: 'MQ_MESSAGE_INVALID' });
    await expect(admin.pause('topic:orders', { reason, for: 'soon' as '1s' })).rejects.toMatchObject({
      code: 'MQ_MESSAGE_INVALID',
    });
    expect(await admin.pauses()).toEqual([]);
    expect(await admin.actions()).toEqual([]);
  });

  describe('and every other action', () => {
    it('is kept with who, when and why, one row for each call, in the transaction of what it did', async () => {
      const node = await bootNode(db, { topics: TOPICS, groups: {} });
      const admin = adminOf(node);
      await admin.pause('topic:orders', { reason: 'one', actor: 'ann', for: '1h' });
      const publication = await node.mq.publish('orders', [{ payload: 1 }, { payload: 2 }, { payload: 3 }], OWN);
      const ids = publication.messages.map(({ id }) => id);
      await admin.cancel([ids[0]!, 'nobody', ids[1]!], { reason: 'two', actor: 'bob' });
      await admin.cancel([ids[2]!], { reason: 'three' });
      await admin.cancel(['nobody'], { reason: 'nothing is done' });
      await admin.resume('topic:orders', { reason: 'four' });
      await admin.resume('topic:orders');
      const actions = await admin.actions();
      const words = ({ action, actor, reason: why, target, affected }: MqAction): unknown[] => [
        action,
        actor,
        why,
        target,
        affected,
      ];
      const process_ = expect.stringMatching(new RegExp(`:${process.pid}$`)) as string;
      expect(actions.map(words)).toEqual([
        ['resume', process_, 'four', 'topic:orders', 1],
        ['cancel', process_, 'three', ids[2], 1],
        ['cancel', 'bob', 'two', '3 ids', 2],
        ['pause', 'ann', 'one', 'topic:orders', 1],
      ]);
      expect(actions.map(({ details }) => details)).toEqual([
        {},
        { ids: [ids[2]] },
        { ids: ids.slice(0, 2) },
        { forMs: 3_600_000 },
      ]);
      expect((await admin.actions({ messageId: ids[1]! })).map(({ reason: why }) => why)).toEqual(['two']);
      expect((await admin.actions({ action: 'cancel', limit: 1 })).map(({ reason: why }) => why)).toEqual(['three']);
      expect(await admin.actions({ since: new Date(actions[0]!.at.getTime() + 60_000) })).toEqual([]);
    });

    it('is found by the message of a parked delivery, whose id is another', async () => {
      const handler = consumer('orders', 'stock', () => Promise.reject(new PermanentError('never')));
      const node = await bootNode(db, { handlers: [handler] });
      const id = await publishOne(node);
      const parked = await eventually(async () => (await adminOf(node).find({ status: 'PARKED' }))[0]);
      await adminOf(node).discard([parked.id], { reason: 'not wanted' });
      expect(await adminOf(node).actions({ messageId: id })).toMatchObject([{ action: 'discard', target: parked.id }]);
    });
  });

  it('changes nothing of what it does when the action cannot be written', async () => {
    const node = await bootNode(db, { topics: TOPICS, groups: {}, role: 'api' });
    await adminOf(node).pause('topic:orders', { reason });
    const publication = await node.mq.publish('orders', { payload: 'stays' }, OWN);
    await db.query('ALTER TABLE mq_action RENAME TO mq_action_away');
    try {
      await expect(adminOf(node).cancel([publication.messages[0]!.id], { reason })).rejects.toThrow();
      await expect(adminOf(node).reschedule([publication.messages[0]!.id], { in: '1h' })).rejects.toThrow();
      await expect(adminOf(node).pause('topic:bills', { reason })).rejects.toThrow();
    } finally {
      await db.query('ALTER TABLE mq_action_away RENAME TO mq_action');
    }
    expect(await tables.statuses()).toMatchObject([{ status: 'PENDING' }]);
    const [row] = await db.query<{ due_in: unknown }>('SELECT due_at - created_at AS due_in FROM mq_status_log');
    expect(Number(row!.due_in)).toBeLessThan(60_000);
    await eventuallyPasses(async () =>
      expect((await adminOf(node).pauses()).map(({ target }) => target)).toEqual(['topic:orders']),
    );
  });
});
