import type { AdminFilter } from 'nestjs-reliable-mq';
import { refOf } from 'nestjs-reliable-mq/spi';
import { TypeOrmDeliveryStore } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';

describeDatabases('messages that a filter means', (db) => {
  let outbox: TestOutbox;
  let deliveries: TypeOrmDeliveryStore;
  let made = 0;

  beforeAll(async () => {
    outbox = await openOutbox(db);
    deliveries = TypeOrmDeliveryStore.create(outbox.dataSource);
  });
  beforeEach(() => outbox.clear());

  /** With an id as publishers make it. Those of the bench say nothing about time. */
  function row(fields: object = {}): ReturnType<TestOutbox['bench']['row']> {
    const time = Date.now().toString(16).padStart(12, '0');
    const count = (made++).toString(16).padStart(3, '0');
    return outbox.bench.row({ id: `${time.slice(0, 8)}-${time.slice(8)}-7${count}-8000-000000000000`, ...fields });
  }

  async function park(messageId: string, fields: object = {}): Promise<void> {
    const error = outbox.bench.error(messageId, {
      direction: 'CONSUME',
      group: 'stock',
      groupId: 'GID_stock',
      errorCode: 'MQ_HANDLER_FAILED',
      payload: '{}',
      ...fields,
    });
    await deliveries.park(error, { inbox: true, awaited: null });
  }
  const find = async (filter: AdminFilter): Promise<string[]> =>
    (await outbox.admin.find(filter)).map(({ messageId }) => messageId);

  test('have that tag, that code', async () => {
    const [first, dead] = await outbox.bench.leased(row({ tag: 'a-test' }), row());
    await outbox.store.park(refOf(dead!), outbox.bench.error(dead!.id), { freeKey: false });
    await park('p', { tag: 'b-test', errorCode: 'MQ_HANDLER_TIMEOUT' });
    await park('q', { tag: 'a-test' });
    expect(await find({ tag: 'a-test' })).toEqual(['q', first!.id]);
    expect(await find({ tag: 'b-test' })).toEqual(['p']);
    expect(await find({ code: 'MQ_HANDLER_TIMEOUT' })).toEqual(['p']);
    expect(await find({ code: 'MQ_BROKER_REJECTED' })).toEqual([dead!.id]);
    expect(await find({ code: 'MQ_HANDLER_FAILED', tag: 'b-test' })).toEqual([]);
  });

  test('were published or parked at that time, by the database’s clock', async () => {
    const [old] = await outbox.bench.publish([row()]);
    await park('old');
    await outbox.harness.advance(3_600_000);
    const [young] = await outbox.bench.publish([row()]);
    await park('young');
    const halfAnHourAgo = new Date(Date.now() - 1_800_000);
    expect(await find({ since: halfAnHourAgo })).toEqual(['young', young]);
    expect(await find({ until: halfAnHourAgo })).toEqual(['old', old]);
    expect(await find({ olderThan: '30m' })).toEqual(['old', old]);
    expect(await find({ olderThan: '2h' })).toEqual([]);
    expect(await find({ since: new Date(Date.now() - 7_200_000), until: halfAnHourAgo, side: 'consume' })).toEqual([
      'old',
    ]);
  });

  test('come in pages, each once, whatever their side', async () => {
    for (let i = 0; i < 5; i++) {
      await outbox.bench.publish([row(), row()]);
      await park(`m${i}`);
    }
    const all = await outbox.admin.find({});
    expect(all).toHaveLength(15);
    for (const limit of [1, 4, 15]) {
      const paged: string[] = [];
      for (let before: string | undefined; ;) {
        const page = await outbox.admin.find({ limit, ...(before !== undefined && { before }) });
        if (page.length === 0) break;
        paged.push(...page.map(({ id }) => id));
        before = page.at(-1)!.id;
      }
      expect(paged).toEqual(all.map(({ id }) => id));
    }
  });
});
