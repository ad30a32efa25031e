import type { ReplayOutcome } from 'nestjs-reliable-mq';
import type { ErrorEntry } from 'nestjs-reliable-mq/spi';
import { refOf } from 'nestjs-reliable-mq/spi';
import { TypeOrmDeliveryStore } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';

const TRACE = `{"traceparent":"00-${'a'.repeat(32)}-${'b'.repeat(16)}-01","tracestate":"vendor=x:y"}`;
const REPLAY = { reason: 'sku was added', owner: 'ops', maxAttempts: 5 };

describeDatabases('what operators do', (db) => {
  let outbox: TestOutbox;
  let deliveries: TypeOrmDeliveryStore;

  beforeAll(async () => {
    outbox = await openOutbox(db);
    deliveries = TypeOrmDeliveryStore.create(outbox.dataSource);
  });
  beforeEach(() => outbox.clear());

  function delivery(messageId: string, fields: Partial<ErrorEntry> = {}): ErrorEntry {
    return outbox.bench.error(messageId, {
      direction: 'CONSUME',
      group: 'stock',
      groupId: 'GID_stock',
      attempt: 3,
      errorCode: 'MQ_HANDLER_FAILED',
      payload: '{"sku":"a"}',
      headers: '{"trace":"t"}',
      trace: TRACE,
      tag: 'created-test',
      ...fields,
    });
  }

  async function parkedDelivery(messageId: string, fields: Partial<ErrorEntry> = {}): Promise<string> {
    for (const attempt of [1, 2]) {
      await deliveries.recordFailure(delivery(messageId, { ...fields, attempt, parked: false, payload: null }));
    }
    await deliveries.park(delivery(messageId, fields), { inbox: true, awaited: null });
    const [record] = await outbox.admin.find({ side: 'consume', messageId });
    return record!.id;
  }

  async function deadRow(...rows: ReturnType<TestOutbox['bench']['row']>[]): Promise<string> {
    const [head] = await outbox.bench.leased(...rows);
    await outbox.store.park(refOf(head!), outbox.bench.error(head!.id, { attempt: 10 }), { freeKey: false });
    return head!.id;
  }

  function rowIdOf(outcome: ReplayOutcome | undefined): string {
    if (outcome?.outcome !== 'replayed') throw new Error(`was not replayed: ${JSON.stringify(outcome)}`);
    return outcome.rowId;
  }

  test('a bulk goes through what there was when it began, whatever is parked since', async () => {
    const before = await parkedDelivery('before');
    const { count, first } = await outbox.admin.countUndecided({});
    // The instant is in milliseconds, and what is parked within the same one is among it.
    const now = (): Promise<{ first: { asOf: number } }> => outbox.admin.countUndecided({});
    await eventually(async () => (await now()).first.asOf > first.asOf, { intervalMs: 1 });
    await parkedDelivery('since');
    await deadRow(outbox.bench.row());
    const pages = [await outbox.admin.undecidedPage({}, first, 10)];
    for (let next = pages[0]!.next; next !== null; next = pages.at(-1)!.next)
      pages.push(await outbox.admin.undecidedPage({}, next, 10));
    expect(count).toBe(1);
    expect(pages.flatMap(({ ids }) => ids)).toEqual([before]);
  });

  test('a dead row is sent again as a new row, under the id that it had on the wire', async () => {
    const id = await deadRow(outbox.bench.row({ key: 'order-7', headers: '{"a":"b"}', trace: TRACE }));
    expect(await outbox.admin.find({ status: 'DEAD' })).toMatchObject([
      {
        id,
        side: 'publish',
        messageId: id,
        topic: 'orders',
        key: 'order-7',
        status: 'DEAD',
        attempts: 10,
        errorCode: 'MQ_BROKER_REJECTED',
      },
    ]);
    const [outcome] = await outbox.admin.replay([id], REPLAY);
    const rowId = rowIdOf(outcome);
    const [claimed] = await outbox.bench.claim();
    expect(claimed).toMatchObject({
      id: rowId,
      replayOf: id,
      key: 'order-7',
      headers: '{"a":"b"}',
      trace: TRACE,
      targetGroup: null,
      maxAttempts: 5,
      failedCount: 0,
      startedCount: 1,
    });
    expect(await outbox.admin.find({ status: 'DEAD' })).toEqual([]);
    expect(await outbox.admin.find({ status: 'RESOLVED' })).toMatchObject([{ id, resolution: 'sku was added' }]);

    // A replay that fails can be replayed, and the first message stays what it is on the wire.
    await outbox.store.park(refOf(claimed!), outbox.bench.error(rowId), { freeKey: false });
    const again = rowIdOf((await outbox.admin.replay([rowId], REPLAY))[0]);
    expect((await outbox.bench.claim()).map((row) => [row.id, row.replayOf])).toEqual([[again, id]]);
  });

  test('a dead head is replayed before those that it held back', async () => {
    const id = await deadRow(outbox.bench.ordered('k'), outbox.bench.ordered('k'));
    await outbox.harness.advance(31_000);
    const [follower] = await outbox.bench.claim();
    const rowId = rowIdOf((await outbox.admin.replay([id], REPLAY))[0]);
    const query = { id: follower!.id, orderKey: follower!.orderKey!, seq: follower!.seq };
    expect(await outbox.store.blocked([query])).toEqual(new Set([follower!.id]));
    const [replayed] = await outbox.bench.claim();
    expect(replayed!.id).toBe(rowId);
    expect(await outbox.store.blocked([{ id: rowId, orderKey: replayed!.orderKey!, seq: replayed!.seq }])).toEqual(
      new Set(),
    );
    await outbox.store.markSent([{ ...refOf(replayed!), brokerMessageId: 'B' }]);
    expect(await outbox.store.blocked([query])).toEqual(new Set());
  });

  test('a parked delivery goes to its group alone, which has forgotten it', async () => {
    const id = await parkedDelivery('broker:42');
    expect(await outbox.admin.find({ group: 'stock' })).toMatchObject([
      {
        id,
        side: 'consume',
        messageId: 'broker:42',
        group: 'stock',
        status: 'PARKED',
        attempts: 3,
        tag: 'created-test',
      },
    ]);
    expect((await outbox.admin.stats()).parkedDeliveries).toBe(1);
    const rowId = rowIdOf((await outbox.admin.replay([id], REPLAY))[0]);
    expect(await outbox.bench.claim()).toMatchObject([
      {
        id: rowId,
        connection: 'default',
        replayOf: 'broker:42',
        targetGroup: 'GID_stock',
        settleGroup: null,
        topicAlias: 'orders',
        topic: 'shop_orders',
        instanceId: 'MQ_INST_1',
        tag: 'created-test',
        key: 'order-7',
        payload: '{"sku":"a"}',
        headers: '{"trace":"t"}',
        trace: TRACE,
      },
    ]);
    expect(await deliveries.countFailures('GID_stock', 'broker:42')).toBe(0);
    expect(await db.query('SELECT * FROM mq_inbox')).toEqual([]);
    expect((await outbox.admin.stats()).parkedDeliveries).toBe(0);
    expect(await outbox.admin.find({ side: 'consume' })).toMatchObject([
      { id, status: 'RESOLVED', resolution: 'sku was added' },
    ]);
  });

  test('what the group that settles a topic has given up goes to that group alone', async () => {
    const [row] = await outbox.bench.leased(outbox.bench.row({ settleGroup: 'stock', settleWithinMs: 60_000 }));
    await outbox.store.markSent([{ ...refOf(row!), brokerMessageId: 'B1' }]);
    await deliveries.park(delivery(row!.id), {
      inbox: true,
      awaited: { id: row!.id, messageId: row!.id, group: 'stock' },
    });
    expect(await outbox.bench.status(row!.id)).toBe('DEAD');
    const rowId = rowIdOf((await outbox.admin.replay([row!.id], REPLAY))[0]);
    expect(await outbox.bench.claim()).toMatchObject([
      { id: rowId, replayOf: row!.id, targetGroup: 'GID_stock', settleGroup: null },
    ]);
    expect(await db.query('SELECT * FROM mq_inbox')).toEqual([]);
    const [parked] = await outbox.admin.find({ side: 'consume' });
    expect(await outbox.admin.replay([parked!.id, row!.id], REPLAY)).toEqual([
      { id: parked!.id, outcome: 'not-replayable' },
      { id: row!.id, outcome: 'not-replayable' },
    ]);
  });

  test('nothing is replayed twice, however many ask at once', async () => {
    const ids = [await deadRow(outbox.bench.row()), await parkedDelivery('m1')];
    const answers = await Promise.all(Array.from({ length: 5 }, () => outbox.admin.replay(ids, REPLAY)));
    for (const [i, id] of ids.entries()) {
      const outcomes = answers.map((answer) => answer[i]!);
      expect(outcomes.map((outcome) => outcome.id)).toEqual(ids.map(() => id).concat(id, id, id));
      expect(outcomes.filter((outcome) => outcome.outcome === 'replayed')).toHaveLength(1);
    }
    expect(await outbox.bench.claim()).toHaveLength(2);
  });

  test('pruning forgets what was handled long ago, and what was parked only once it is resolved', async () => {
    const insert = (id: string, state: string): Promise<unknown> =>
      db.query(`INSERT INTO mq_inbox VALUES ('GID_stock', '${id}', 't', '${state}', 1, NULL)`);
    await parkedDelivery('still parked');
    await parkedDelivery('resolved');
    await outbox.harness.resolveErrors('resolved');
    for (const id of ['h1', 'h2', 'h3']) await insert(id, 'HANDLED');
    await outbox.harness.advance(1_000);
    expect(await outbox.store.prune('inbox', 0, 2)).toBe(2);
    expect(await outbox.store.prune('inbox', 0, 9)).toBe(2);
    expect(await outbox.store.prune('inbox', 0, 9)).toBe(0);
    expect(await db.query('SELECT message_id FROM mq_inbox')).toEqual([{ message_id: 'still parked' }]);
  });

  test('what was handled stays known as long as a row of the message may be sent again', async () => {
    const old = (id: string): Promise<unknown> =>
      db.query(
        `INSERT INTO mq_inbox (group_id, message_id, token, state, created_at) VALUES ('GID_stock', '${id}', 't', 'HANDLED', 1)`,
      );
    const known = async (): Promise<string[]> => {
      await outbox.store.prune('inbox', 0, 9);
      const rows = await db.query<{ message_id: string }>('SELECT message_id FROM mq_inbox');
      return rows.map((row) => row.message_id).toSorted();
    };
    const dead = await deadRow(outbox.bench.row());
    const [pending] = await outbox.bench.publish([outbox.bench.row()]);
    for (const id of [dead, pending!, 'gone']) await old(id);
    expect(await known()).toEqual([dead, pending].toSorted());

    // The replay has a row of its own, and needs the inbox row of the message as its first row did.
    const rowId = rowIdOf((await outbox.admin.replay([dead], REPLAY))[0]);
    await outbox.admin.cancel([pending!], REPLAY);
    await db.query(`DELETE FROM mq_status_log WHERE id = '${dead}'`);
    expect(await known()).toEqual([dead]);
    await outbox.admin.cancel([rowId], REPLAY);
    expect(await known()).toEqual([]);
  });

  test('a replay that its group gives up is dead, and brought back as what it replays', async () => {
    const id = await deadRow(outbox.bench.row({ settleGroup: 'stock', settleWithinMs: 60_000 }));
    const first = rowIdOf((await outbox.admin.replay([id], REPLAY))[0]);
    await outbox.bench.claim();
    await deliveries.park(delivery(id), { inbox: true, awaited: { id: first, messageId: id, group: 'stock' } });
    expect(await outbox.bench.status(first)).toBe('DEAD');
    expect((await outbox.admin.stats()).byStatus.DEAD).toBe(1);
    expect((await outbox.admin.find({ status: 'DEAD' })).map((record) => record.id)).toEqual([first]);
    const second = rowIdOf((await outbox.admin.replay([first], REPLAY))[0]);
    expect(await outbox.bench.claim()).toMatchObject([{ id: second, replayOf: id, targetGroup: 'GID_stock' }]);
    expect((await outbox.admin.stats()).byStatus.DEAD).toBe(0);
    expect(await db.query('SELECT * FROM mq_inbox')).toEqual([]);
  });

  test('what is neither dead nor parked is left alone', async () => {
    const [pending] = await outbox.bench.publish([outbox.bench.row()]);
    const foreign = await parkedDelivery('m2', { topicAlias: 'unknown' });
    expect(await outbox.admin.replay([pending!, foreign, 'nothing', 'nichts: ü中'], REPLAY)).toEqual([
      { id: pending, outcome: 'not-replayable' },
      { id: foreign, outcome: 'not-replayable', problem: "no topic 'unknown' is configured here" },
      { id: 'nothing', outcome: 'not-found' },
      { id: 'nichts: ü中', outcome: 'not-found' },
    ]);
    expect(await outbox.bench.status(pending!)).toBe('PENDING');
    expect((await db.query('SELECT * FROM mq_inbox')).length).toBe(1);
  });

  test('messages are found by everything that is known of them, newest first', async () => {
    const ids: string[] = [];
    for (const key of ['a', 'b', 'ü中 '])
      ids.push(...(await outbox.bench.publish([outbox.bench.row({ key, id: uuid(ids.length) })])));
    await parkedDelivery('m3', { key: 'a' });
    const found = async (filter: object): Promise<string[]> =>
      (await outbox.admin.find(filter)).map((record) => record.messageId);
    expect(await found({ key: 'a' })).toEqual(expect.arrayContaining([ids[0], 'm3']));
    expect(await found({ key: 'ü中 ' })).toEqual([ids[2]]);
    expect(await found({ key: 'ü中' })).toEqual([]);
    expect(await found({ status: 'PENDING' })).toEqual([ids[2], ids[1], ids[0]]);
    expect(await found({ side: 'publish', limit: 1 })).toEqual([ids[2]]);
    expect(await found({ messageId: 'ü中' })).toEqual([]);
    expect(await found({ topic: 'orders', side: 'publish' })).toHaveLength(3);
    expect(await found({ status: 'PARKED' })).toEqual(['m3']);
    expect(await found({ group: 'other' })).toEqual([]);
    expect((await outbox.admin.find({ messageId: ids[0]! }))[0]!.dueAt).toBeInstanceOf(Date);
  });
});

/** In the order of their making, as the publisher's are. */
function uuid(n: number): string {
  return `01900000-0000-7000-8000-00000000000${n}`;
}
