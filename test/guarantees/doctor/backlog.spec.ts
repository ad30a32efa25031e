import 'reflect-metadata';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { closeAfterEach } from '../../support/mq-app.js';
import { type NodeSetup, OWN } from '../../support/node/node.js';
import { Tables } from '../../support/node/tables.js';
import { bootQuiet } from './support/boot-quiet.js';
import { codesOf, examine, only } from './support/examine.js';

const HOUR = 3_600_000;

describeDatabases('the doctor and what is in the tables', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  /** Ages every message, as time would. */
  const age = (ms: number): Promise<unknown> =>
    db.query(
      `UPDATE mq_status_log SET due_at = due_at - ${ms}, done_at = done_at - ${ms}, created_at = created_at - ${ms}`,
    );

  async function publishUnsent(setup: NodeSetup = {}): Promise<void> {
    const node = await bootQuiet(db, { ...setup });
    node.broker.goDown();
    await (await node.mq.publish('orders', { payload: 'waits' }, OWN)).sent();
    await node.app.close();
    await db.query(`UPDATE mq_status_log SET status = 'PENDING', lease_token = NULL`);
  }

  it.each([
    ['a topic that is configured no more', { topics: { orders: { topic: 'shop_orders_v2' } } }, `topic: 'shop_orders'`],
    [
      'a connection that was renamed, or a broker that has moved',
      { identity: 'new:8081' },
      `connections: ['default@memory']`,
    ],
  ])('finds rows that nobody sends: %s', async (_what, change, todo) => {
    await publishUnsent();
    // Longer ago than an owner counts as one that publishes.
    await age(25 * HOUR);
    const node = await bootQuiet(db, { ...change });
    const report = await examine(node);
    expect(codesOf(report)).toEqual(['rows-orphaned']);
    expect(only(report, 'rows-orphaned').evidence).toMatchObject({ topic: 'shop_orders', waiting: 1 });
    expect(only(report, 'rows-orphaned').todo).toContain(todo);
  });

  it('finds that another application works on the same tables', async () => {
    await publishUnsent({ identity: 'theirs:8081' });
    await db.query(`UPDATE mq_status_log SET due_at = due_at + ${HOUR}`);
    const report = await examine(await bootQuiet(db, { identity: 'ours:8081' }));
    expect(codesOf(report)).toEqual(['tables-shared']);
    expect(only(report, 'tables-shared').evidence).toMatchObject({ broker: 'theirs:8081', ownBroker: 'ours:8081' });
  });

  it('finds messages that are overdue', async () => {
    await publishUnsent();
    await age(HOUR);
    const report = await examine(await bootQuiet(db));
    expect(codesOf(report)).toEqual(['rows-overdue']);
    expect(Number(only(report, 'rows-overdue').evidence['overdueSeconds'])).toBeGreaterThanOrEqual(3_590);
  });

  it('finds ordering keys that wait behind a dead message, and whose', async () => {
    const topics = { orders: { topic: 'shop_orders', ordered: true } };
    const node = await bootQuiet(db, { topics });
    node.broker.failNextSends(new TransportError('invalid', 'the test wants it dead'), { times: 1 });
    await (await node.mq.publish('orders', { payload: 1, orderingKey: 'order-7' }, OWN)).sent();
    await eventually(async () => (await tables.statuses())[0]?.status === 'DEAD');
    await node.mq.publish('orders', { payload: 2, orderingKey: 'order-7' }, OWN);
    const dead = (await tables.statuses())[0]!.id;
    const found = only(await examine(node), 'keys-blocked');
    expect(found.evidence).toMatchObject({ topic: 'orders', orderingKey: 'order-7', deadId: dead, waiting: 1 });
    expect(found.todo).toContain(`mq errors replay ${dead}`);
  });

  it('finds that nobody prunes', async () => {
    const node = await bootQuiet(db);
    await (await node.mq.publish('orders', { payload: 'old' }, OWN)).sent();
    expect((await examine(node)).findings).toEqual([]);
    await age(8 * 24 * HOUR);
    const report = await examine(node);
    expect(codesOf(report)).toEqual(['prune-behind']);
    expect(only(report, 'prune-behind').evidence).toMatchObject({ rows: 1 });
  });
});
