import { detectDialect, OwnConnections, tableNames, TypeOrmDeliveryStore } from 'nestjs-reliable-mq/typeorm';
import { measure } from '../../../../../libs/mq/src/typeorm/store/statements/measure.js';
import { describeDatabases } from '../../../../support/database.js';
import { openOutbox, type TestOutbox } from '../../../../support/outbox/open-outbox.js';

const MINUTE = 60_000;

describeDatabases('what metrics measure, where more rows wait than they look at', (db) => {
  let outbox: TestOutbox;
  let own: OwnConnections;

  beforeAll(async () => {
    outbox = await openOutbox(db);
    const dialect = detectDialect(outbox.dataSource);
    own = new OwnConnections(outbox.dataSource, dialect, tableNames(outbox.dataSource, dialect));
  });

  /** Unfinished, for so many minutes; `null`: finished. */
  async function row(topic: string, id: number, minutes: number | null): Promise<void> {
    const now = own.dialect.nowMs.render(own.dialect).text;
    const [status, due, done] =
      minutes === null ? ['SENT', 'NULL', now] : ['PENDING', `${now} - ${minutes * MINUTE}`, 'NULL'];
    await db.query(`INSERT INTO mq_status_log (id, status, connection, broker, topic_alias, topic, msg_key, max_attempts, due_at,
      done_at, created_at, updated_at, payload, payload_bytes) VALUES ('${topic}-${id}', '${status}', 'default', 'memory', '${topic}',
      'shop_${topic}', 'k', 1, ${due}, ${done}, ${now} - ${(minutes ?? 99) * MINUTE}, 0, '1', 1)`);
  }

  it('is a share of each topic, that which has been due for longest, and never what is finished', async () => {
    for (let n = 1; n <= 6; n++) await row('orders', n, n);
    for (let n = 7; n <= 9; n++) await row('orders', n, null);
    for (let n = 1; n <= 2; n++) await row('bills', n, n);
    const ofTopic = async (most: number): Promise<unknown[]> =>
      (await measure(own, most)).outbox
        .toSorted((one, other) => one.topic.localeCompare(other.topic))
        .map(({ topic, status, count, oldestMs }) => [topic, status, count, Math.floor(oldestMs / MINUTE)]);
    const bills = ['bills', 'PENDING', 2, 2];
    expect(await ofTopic(8)).toEqual([bills, ['orders', 'PENDING', 4, 6]]);
    expect(await ofTopic(7)).toEqual([bills, ['orders', 'PENDING', 4, 6]]);
    expect(await ofTopic(6)).toEqual([bills, ['orders', 'PENDING', 3, 6]]);
    expect(await ofTopic(100)).toEqual([bills, ['orders', 'PENDING', 6, 6]]);
  });

  it('is so many parked messages, and none that somebody has decided about', async () => {
    const deliveries = TypeOrmDeliveryStore.create(outbox.dataSource);
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      const entry = outbox.bench.error(id, {
        direction: 'CONSUME',
        group: 'stock',
        groupId: 'GID_stock',
        payload: '1',
      });
      await deliveries.park(entry, { inbox: true, awaited: null });
    }
    await outbox.harness.resolveErrors('e');
    const counted = async (most: number): Promise<number> =>
      (await measure(own, most)).errors.reduce((sum, { count }) => sum + count, 0);
    expect([await counted(3), await counted(100)]).toEqual([3, 4]);
  });
});
