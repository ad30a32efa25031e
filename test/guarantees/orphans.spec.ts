import 'reflect-metadata';
import type { TestingModule } from '@nestjs/testing';
import { getMqAdminToken, MqAdminService, MqEvents, type MqEventMap, type MqModuleOptions } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { describeDatabases } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { bootMq, closeAfterEach } from '../support/mq-app.js';
import { bootNode, type Node, type NodeSetup, OWN } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

describeDatabases('messages that nobody claims', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  /** What an application leaves behind whose broker was away: one message, due for longer than any relay needs. */
  async function leftBehind(setup: NodeSetup = {}): Promise<string> {
    const node = await bootNode(db, setup);
    node.broker.goDown();
    const publication = await node.mq.publish('orders', { payload: 'left behind' }, OWN);
    await publication.sent();
    await node.app.close();
    await db.query(`UPDATE mq_status_log SET status = 'PENDING', lease_token = NULL, due_at = due_at - 660000`);
    return publication.messages[0]!.id;
  }

  const adminOf = ({ app }: Node): MqAdminService => app.get(MqAdminService);
  const bodies = ({ broker }: Node): unknown[] => broker.sent.map(({ body }) => body);
  const settled = (id: string): Promise<unknown> =>
    eventually(async () => (await tables.statuses()).find((row) => row.id === id)?.status === 'SENT', {
      what: 'the message to be sent',
    });

  it.each<[string, NodeSetup, string[]]>([
    ['a topic that is configured no more', { topics: { orders: { topic: 'shop_orders_v2' } } }, []],
    ['a broker that has moved', { identity: 'new-broker:8081' }, ['default@memory']],
  ])('are told, counted and not sent: %s', async (_what, change, connections) => {
    const id = await leftBehind();
    const node = await bootNode(db, change);
    const admin = adminOf(node);
    const expected = { connection: 'default', broker: 'memory', topic: 'shop_orders', waiting: 1 };
    await eventuallyPasses(async () => {
      const health = await admin.health();
      expect(health.status).toBe('degraded');
      expect(health.reasons.join()).toContain(
        '1 messages of the connection default for the topic shop_orders at the broker memory',
      );
      expect(health.reasons.join()).toContain("connections: ['default@memory']");
    });
    const { orphans } = await admin.counts();
    expect(orphans).toMatchObject([expected]);
    expect(orphans[0]!.overdueMs).toBeGreaterThanOrEqual(600_000);
    // Its own messages go out as ever.
    await (await node.mq.publish('orders', { payload: 'new' }, OWN)).sent();
    expect(await admin.find({ orphaned: true })).toMatchObject([{ id, status: 'PENDING' }]);
    expect(await admin.find({ orphaned: true, key: 'nothing' })).toEqual([]);
    expect(bodies(node)).toEqual(['"new"']);
    await node.app.close();

    const back = await bootNode(db, connections.length > 0 ? { ...change, connections } : {});
    await settled(id);
    expect(bodies(back)).toEqual(['"left behind"']);
    await eventuallyPasses(async () => expect((await adminOf(back).counts()).orphans).toEqual([]));
    expect(await adminOf(back).find({ orphaned: true })).toEqual([]);
  });

  it('are those of a connection that was renamed, until the new one adopts them', async () => {
    const id = await leftBehind();
    const transport = memoryTransport({ profile: 'http' });
    const boot = (more: Partial<MqModuleOptions>): Promise<TestingModule> =>
      bootMq(
        db,
        { name: 'shop', tables: { prefix: 'mq_' }, transport, topics: { orders: { topic: 'shop_orders' } }, ...more },
        {},
      );
    const app = await boot({});
    const admin = app.get<MqAdminService>(getMqAdminToken('shop'));
    await eventuallyPasses(async () =>
      expect((await admin.health()).reasons.join()).toContain('of the connection default'),
    );
    expect((await admin.counts()).orphans).toMatchObject([{ connection: 'default' }]);
    expect(transport.broker.sent).toEqual([]);
    await app.close();
    await boot({ connections: ['default'] });
    await settled(id);
  });

  it('are nobody’s concern while somebody else sends them', async () => {
    await leftBehind({ identity: 'theirs' });
    await db.query('UPDATE mq_status_log SET due_at = due_at + 660000');
    const node = await bootNode(db, { identity: 'ours' });
    await eventuallyPasses(async () => expect((await adminOf(node).counts()).orphans).toEqual([]));
  });

  it('finds out at boot that two applications with the same name share the tables', async () => {
    const theirs = await bootNode(db, { identity: 'their-broker' });
    await (await theirs.mq.publish('orders', { payload: 'theirs' }, OWN)).sent();
    const ours = await bootNode(db, { identity: 'our-broker' });
    await eventuallyPasses(async () => {
      const { status, reasons } = await adminOf(ours).health();
      expect(status).toBe('degraded');
      expect(reasons.join()).toContain('published for the broker their-broker');
      expect(reasons.join()).toContain('tables.prefix');
    });
    // And neither sends what is the other's.
    await (await ours.mq.publish('orders', { payload: 'ours' }, OWN)).sent();
    expect(bodies(ours)).toEqual(['"ours"']);
    expect(bodies(theirs)).toEqual(['"theirs"']);
  });

  it('tells each of them once', async () => {
    await leftBehind({ identity: 'theirs' });
    const told: MqEventMap['rows.orphaned'][] = [];
    const node = await bootNode(db, { identity: 'ours' });
    node.app.get(MqEvents).on('rows.orphaned', (event) => told.push(event));
    await eventuallyPasses(async () => expect((await adminOf(node).health()).status).toBe('degraded'));
    expect(told.length).toBeLessThanOrEqual(1);
  });
});
