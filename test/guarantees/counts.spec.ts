import 'reflect-metadata';
import { MqAdminService, type MqCounts, PermanentError } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { consumer } from '../support/node/consumer.js';
import { bootNode, type Node, OWN, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';
import { readPage } from '../support/pages.js';

const TOPICS = { orders: { topic: 'shop_orders' }, bills: { topic: 'shop_bills' } };
const MINUTES = 60_000;
/** What the page says are the messages that nobody has decided about. */
const UNDECIDED = readPage('docs/reference/schema.md').fences.find(({ code }) =>
  code.includes('e.retain_from IS NULL'),
)!.code;

describeDatabases('counts by topic and by group', (db) => {
  closeAfterEach();
  new Tables(db);
  beforeEach(() => db.query('DELETE FROM mq_pause').catch(() => undefined));

  const adminOf = ({ app }: Node): MqAdminService => app.get(MqAdminService);
  const topic = ({ topics }: MqCounts, alias: string) => topics.find((one) => one.topic === alias)!;
  const group = ({ groups }: MqCounts, alias: string) => groups.filter((one) => one.group === alias);

  it('say what the outbox has of each topic, for how long it is due, and that a pause is no delay', async () => {
    const node = await bootNode(db, { role: 'worker', topics: TOPICS, groups: {} });
    const admin = adminOf(node);
    const empty = { pending: 0, sending: 0, accepted: 0, dead: 0, overdueMs: 0, oldestAgeMs: 0 };
    expect((await admin.counts()).topics).toEqual([
      { topic: 'orders', ...empty },
      { topic: 'bills', ...empty },
    ]);
    node.broker.goDown();
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push(await publishOne(node));
    // It is tried while the broker is away, and is waiting again then.
    await (await node.mq.publish('bills', { payload: 'later', delay: '1h' }, OWN)).sent();
    await db.query(
      `UPDATE mq_status_log SET created_at = created_at - ${10 * MINUTES}, due_at = due_at - ${5 * MINUTES}
      WHERE topic_alias = 'orders'`,
    );
    await db.query(`UPDATE mq_status_log SET due_at = due_at + 3600000 WHERE topic_alias = 'bills'`);
    await db.query(`UPDATE mq_status_log SET status = 'SENDING', lease_token = 'x' WHERE id = '${ids[0]}'`);
    await db.query(`UPDATE mq_status_log SET status = 'ACCEPTED', created_at = 1 WHERE id = '${ids[1]}'`);
    // Published by a version of the application that had another topic.
    await db.query(`UPDATE mq_status_log SET topic_alias = 'old' WHERE id = '${ids[3]}'`);

    const counts = await admin.counts();
    expect(topic(counts, 'orders')).toMatchObject({ pending: 1, sending: 1, accepted: 1, dead: 0 });
    expect(topic(counts, 'orders').overdueMs / MINUTES).toBeCloseTo(5, 0);
    // What the broker has is not waited for.
    expect(topic(counts, 'orders').oldestAgeMs / MINUTES).toBeCloseTo(10, 0);
    expect(topic(counts, 'bills')).toMatchObject({ pending: 1, overdueMs: 0, oldestAgeMs: 0 });
    expect(topic(counts, 'old')).toMatchObject({ pending: 1 });
    const { byStatus, overdueMs } = counts;
    const sum = (key: 'pending' | 'sending' | 'accepted'): number =>
      counts.topics.reduce((all, one) => all + one[key], 0);
    expect(byStatus).toMatchObject({
      PENDING: sum('pending'),
      SENDING: sum('sending'),
      ACCEPTED: sum('accepted'),
    });
    expect(overdueMs / MINUTES).toBeCloseTo(5, 0);

    await admin.pause('topic:orders', { reason: 'the warehouse moves' });
    const paused = await admin.counts();
    expect(topic(paused, 'orders')).toMatchObject({ pending: 1, overdueMs: 0 });
    expect(topic(paused, 'orders').oldestAgeMs / MINUTES).toBeCloseTo(10, 0);
    // Nobody waits for the broker because of them, so no outage is told with them either.
    const { causes } = await admin.health();
    expect(causes).toMatchObject([{ code: 'broker', waiting: 1 }]);
    await admin.resume('topic:orders');
  });

  it('say what each group has parked and tries again, and how many processes read for it', async () => {
    const groups = {
      stock: { groupId: 'GID_stock' },
      mail: { groupId: 'GID_mail', backoff: { base: 20_000, cap: 20_000 } },
      books: { groupId: 'GID_books', inbox: false },
      post: { groupId: 'GID_post' },
      idle: { groupId: 'GID_idle' },
    };
    const failsFirst = (then: () => void) => (_: unknown, context: { attempt: number }) => {
      if (context.attempt === 1) throw new Error('at first');
      then();
    };
    const permanent = (): never => {
      throw new PermanentError('no such sku');
    };
    const stock = consumer('orders', 'stock', failsFirst(permanent));
    const post = consumer(
      'orders',
      'post',
      failsFirst(() => undefined),
    );
    const mail = consumer('orders', 'mail', () => Promise.reject(new Error('not today')));
    const books = consumer('bills', 'books', () => undefined);
    const node = await bootNode(db, { topics: TOPICS, groups, handlers: [stock, mail, books, post] });
    const admin = adminOf(node);
    const [parked, failed] = [told(node, 'delivery.parked'), told(node, 'delivery.failed')];
    const handled = told(node, 'delivery.handled');
    await publishOne(node);
    await eventually(() => parked.length === 1 && handled.length === 1 && failed.some((one) => one.group === 'mail'));
    node.broker.failNextSends(new TransportError('invalid', 'refused by a rule'));
    await publishOne(node, 'a bill', 'bills');
    // Two more processes, one of which was not seen for long, as they would have written.
    const reads = (...all: [string, string, string][]): string =>
      JSON.stringify({ groups: all.map(([of, name, state]) => ({ topic: of, group: name, state })) });
    const other = (id: string, ageMs: number, state: string) =>
      db.query(`INSERT INTO mq_node (id, connection, instance, version, roles, started_at, seen_at, clock_offset, state)
        SELECT '${id}', connection, instance, version, roles, started_at, seen_at - ${ageMs}, 0, '${state}'
        FROM mq_node WHERE instance LIKE '%:${process.pid}' AND id NOT IN ('other', 'gone')`);
    await other(
      'other',
      0,
      reads(['orders', 'stock', 'polling'], ['(dead letters)', 'stock', 'polling'], ['orders', 'mail', 'stopped']),
    );
    await other('gone', 40_000, reads(['bills', 'former', 'polling']));

    const counts = await admin.counts();
    const createdAt = (await admin.find({ status: 'PARKED' }))[0]!.createdAt;
    const none = { parked: 0, failing: 0, oldestParkedAt: null };
    expect(counts.groups).toEqual([
      { topic: 'bills', group: 'books', ...none, failing: null, consumers: expect.any(Number) as number },
      { topic: 'bills', group: 'former', ...none, consumers: 0 },
      { topic: 'orders', group: 'mail', ...none, failing: 1, consumers: expect.any(Number) as number },
      { topic: 'orders', group: 'post', ...none, consumers: expect.any(Number) as number },
      {
        topic: 'orders',
        group: 'stock',
        ...none,
        parked: 1,
        oldestParkedAt: createdAt,
        consumers: expect.any(Number) as number,
      },
      { topic: null, group: 'idle', ...none, consumers: 0 },
    ]);
    // The process of this test tells ten seconds after its start.
    expect(group(counts, 'stock')[0]!.consumers).toBeGreaterThanOrEqual(1);
    expect(group(counts, 'mail')[0]!.consumers).toBeLessThanOrEqual(1);
    expect(topic(counts, 'bills').dead).toBe(1);
    await agree(node);

    // The replay of one is parked again, and the other one is sent.
    for (const status of ['PARKED', 'DEAD'] as const) {
      const ids = (await admin.find({ status })).map(({ id }) => id);
      await admin.replay(ids, { reason: 'see what happens' });
    }
    await eventually(() => parked.length === 2, { what: 'the replay to be parked' });
    await eventually(async () => (await admin.counts()).byStatus.SENT === 3, { what: 'everything to be sent' });
    const after = await agree(node);
    expect(topic(after, 'bills').dead).toBe(0);
    expect(group(after, 'stock')).toMatchObject([{ parked: 1, failing: 0 }]);
    await admin.discard({ status: 'PARKED' }, { reason: 'enough' });
    expect(group(await agree(node), 'stock')).toMatchObject([{ parked: 0, oldestParkedAt: null }]);
  });

  /** Counts, lists, and the SQL of the reference are about the same messages. */
  async function agree(node: Node): Promise<MqCounts> {
    const admin = adminOf(node);
    const counts = await admin.counts();
    const dead = counts.topics.reduce((sum, one) => sum + one.dead, 0);
    const parked = counts.groups.reduce((sum, one) => sum + one.parked, 0);
    const rows = await db.query<{ direction: string }>(UNDECIDED);
    const inSql = (direction: string): number => rows.filter((row) => row.direction === direction).length;
    expect({ dead, parked }).toEqual({ dead: counts.byStatus.DEAD, parked: counts.parkedDeliveries });
    expect({ dead, parked }).toEqual({ dead: inSql('PRODUCE'), parked: inSql('CONSUME') });
    expect({ dead, parked }).toEqual({
      dead: (await admin.find({ status: 'DEAD' })).length,
      parked: (await admin.find({ status: 'PARKED' })).length,
    });
    return counts;
  }
});
