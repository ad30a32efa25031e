import 'reflect-metadata';
import { MqAdminService } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../support/database.js';
import { eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode, type Node, OWN } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const TOPICS = { orders: { topic: 'shop_orders' }, ledger: { topic: 'shop_ledger', ordered: true } };

describeDatabases('another time to leave', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  beforeEach(() => db.query('DELETE FROM mq_action').catch(() => undefined));
  const boot = (): Promise<Node> => bootNode(db, { topics: TOPICS });
  const bodies = ({ broker }: Node): unknown[] => broker.sent.map(({ body }) => JSON.parse(String(body)) as unknown);
  const publish = async (node: Node, topic: string, message: object): Promise<string> => {
    const publication = await node.mq.publish(topic, message as { payload: unknown }, OWN);
    await publication.sent();
    return publication.messages[0]!.id;
  };

  it('is given to what waits: later, or at once, and written down', async () => {
    const node = await boot();
    const admin = node.app.get(MqAdminService);
    const id = await publish(node, 'orders', { payload: 'next year', delay: '400d' });
    const at = new Date(Date.now() + 3_600_000);
    expect(await admin.reschedule([id], { at, reason: 'earlier' })).toEqual([
      { id, outcome: 'rescheduled', dueAt: at },
    ]);
    expect(await admin.find({ messageId: id })).toMatchObject([{ status: 'PENDING', dueAt: at }]);
    const [later] = await admin.reschedule([id], { in: '1h' });
    expect(later).toMatchObject({ outcome: 'rescheduled' });
    const [now] = await admin.reschedule([id], { at: new Date(0), actor: 'ann' });
    expect(now).toMatchObject({ outcome: 'rescheduled' });
    await eventuallyPasses(async () => expect(bodies(node)).toEqual(['next year']));
    await eventuallyPasses(async () =>
      expect(await admin.reschedule([id, 'nobody'], { in: 0 })).toEqual([
        { id, outcome: 'not-reschedulable' },
        { id: 'nobody', outcome: 'not-found' },
      ]),
    );
    const actions = await admin.actions({ messageId: id, action: 'reschedule' });
    expect(actions.map(({ actor, reason, affected }) => [actor, reason, affected])).toEqual([
      ['ann', 'rescheduled', 1],
      [expect.any(String), 'rescheduled', 1],
      [expect.any(String), 'earlier', 1],
    ]);
  });

  it('keeps a message in its place: its time has come, and it waits for the older one; that is sent, and it waits for its time', async () => {
    const node = await boot();
    const admin = node.app.get(MqAdminService);
    node.broker.failNextSends(new TransportError('invalid', 'no'), { times: 1 });
    const ids: string[] = [];
    for (const n of [1, 2, 3]) ids.push(await publish(node, 'ledger', { payload: n, orderingKey: 'k' }));
    const [dead, second] = ids as [string, string];
    await admin.reschedule([second], { in: 0 });
    // The relay has it in hand for a moment, and finds that it must wait.
    await eventuallyPasses(async () =>
      expect(await admin.reschedule([second], { in: '1h' })).toMatchObject([{ outcome: 'rescheduled' }]),
    );
    expect(await admin.find({ messageId: second })).toMatchObject([{ blockedBy: dead }]);
    expect(await admin.discard([dead], { reason: 'a test' })).toMatchObject([{ outcome: 'discarded' }]);
    // It is the head now, and still not sent; nor is the one behind it.
    const third = await publish(node, 'orders', { payload: 'another key' });
    expect(third).toBeDefined();
    await eventuallyPasses(async () => expect(bodies(node)).toEqual(['another key']));
    expect((await tables.statuses()).filter(({ status }) => status === 'PENDING')).toHaveLength(2);
    await admin.reschedule([second], { in: 0 });
    await eventuallyPasses(async () => expect(bodies(node)).toEqual(['another key', 2, 3]));
  });

  it('is asked for with one time, or refused in words', async () => {
    const admin = (await boot()).app.get(MqAdminService) as unknown as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >;
    for (const options of [{}, { at: 'noon' }, { at: new Date(NaN) }, { in: 'soon' }, { at: new Date(), in: 1 }])
      await expect(admin['reschedule']!(['id'], options)).rejects.toMatchObject({ code: 'MQ_MESSAGE_INVALID' });
  });

  it('prunes at once what its retention has ended for', async () => {
    const node = await bootNode(db, { topics: TOPICS, role: 'api' });
    const admin = node.app.get(MqAdminService);
    await publish(node, 'orders', { payload: 1 });
    expect(await admin.prune()).toEqual({ sent: 0, inbox: 0, errors: 0 });
    await db.query('UPDATE mq_status_log SET done_at = 1 WHERE done_at IS NOT NULL');
    expect(await admin.prune({ actor: 'ann', reason: 'disk' })).toEqual({ sent: 1, inbox: 0, errors: 0 });
    expect(await tables.statuses()).toEqual([]);
    expect((await admin.actions())[0]).toMatchObject({ action: 'prune', actor: 'ann', reason: 'disk', affected: 1 });
  });

  it('prunes processes that were not seen for a day, and actions as old as errors may get', async () => {
    const node = await bootNode(db, { topics: TOPICS, role: 'api', retention: { errors: '30d' } });
    const admin = node.app.get(MqAdminService);
    const [HOUR, DAY] = [3_600_000, 24 * 3_600_000];
    for (const [id, ago] of [
      ['gone', DAY + HOUR],
      ['killed', DAY - HOUR],
    ] as const)
      await db.query(`INSERT INTO mq_node (id, connection, instance, version, roles, started_at, seen_at, clock_offset, state)
        SELECT '${id}', connection, instance, version, roles, started_at, seen_at - ${ago}, 0, state FROM mq_node
        WHERE instance LIKE '%:${process.pid}' AND id NOT IN ('gone', 'killed')`);
    for (const reason of ['old', 'young']) await admin.pause('topic:orders', { reason });
    const age = (reason: string, days: number): Promise<unknown> =>
      db.query(`UPDATE mq_action SET created_at = created_at - ${days * DAY} WHERE reason = '${reason}'`);
    await age('old', 31);
    await age('young', 29);
    await admin.prune({ reason: 'now' });
    const ids = (await admin.nodes()).map(({ id }) => id);
    expect(ids).toContain('killed');
    expect(ids).not.toContain('gone');
    // Nor is it written down that nothing of what messages need was deleted.
    expect((await admin.actions()).map(({ reason }) => reason)).toEqual(['young']);
    await admin.resume('topic:orders');
  });

  it('is written down for a hundred messages in one action, and so is taking them back', async () => {
    const node = await boot();
    const admin = node.app.get(MqAdminService);
    const messages = Array.from({ length: 101 }, (_, payload) => ({ payload, delay: '400d' as const }));
    const ids = (await node.mq.publish('orders', messages, OWN)).messages.map(({ id }) => id);
    await admin.reschedule(ids, { in: '300d' });
    await admin.cancel(ids, { reason: 'a mistake' });
    const actions = await admin.actions();
    const told = (name: string): unknown =>
      actions.filter(({ action }) => action === name).map(({ affected, details }) => [affected, details['ids']]);
    const parts = [
      [1, ids.slice(100)],
      [100, ids.slice(0, 100)],
    ];
    expect(told('reschedule')).toEqual(parts);
    expect(told('cancel')).toEqual(parts);
    const ofLast = await admin.actions({ messageId: ids[100]! });
    expect(ofLast.map(({ action, affected }) => [action, affected])).toEqual([
      ['cancel', 1],
      ['reschedule', 1],
    ]);
  });
});
