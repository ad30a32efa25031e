import assert from 'node:assert/strict';
import { LANE, refOf, type OutboxStoreTest } from './outbox-store-harness.js';

export function claimingTests(test: OutboxStoreTest): void {
  test('hands out what is due, earliest first, as many as asked', async (bench) => {
    const rows = [3, 1, 2].map((n) => bench.row({ deliver: { at: n * 1_000 } }));
    // Born at the same time; what failed once is due later than what did not.
    const [third, first, second] = await bench.leased(...rows);
    await bench.store.reschedule(
      [third!, first!, second!].map((row, i) => ({
        ...refOf(row),
        delayMs: [300, 100, 200][i]!,
        counted: false,
        error: null,
      })),
    );
    await bench.harness.advance(1_000);
    assert.deepEqual(
      (await bench.claim(2)).map((row) => row.id),
      [first!.id, second!.id],
    );
    assert.deepEqual(
      (await bench.claim(2)).map((row) => row.id),
      [third!.id],
    );
    assert.deepEqual(await bench.claim(2), []);
  });

  test('tells the lanes that have unfinished rows, also those that nobody names', async (bench) => {
    const lanes = [LANE, { ...LANE, topic: 'forgotten' }, { ...LANE, connection: 'renamed', broker: 'moved' }];
    for (const lane of lanes) await bench.publish([bench.row(lane), bench.row({ ...lane, deliver: { inMs: 60_000 } })]);
    const done = { ...LANE, topic: 'done' };
    await bench.publish([bench.row(done)]);
    const [row] = await bench.claim(1, bench.lease(), { lanes: [done] });
    await bench.store.markSent([{ ...refOf(row!), brokerMessageId: 'B1' }]);
    await bench.harness.advance(5_000);
    const found = await bench.store.unfinishedLanes();
    const names = found.map(({ connection, broker, topic }) => [connection, broker, topic].join()).sort();
    assert.deepEqual(names, lanes.map(({ connection, broker, topic }) => [connection, broker, topic].join()).sort());
    for (const { dueInMs, waiting } of found) {
      assert.ok(dueInMs <= -5_000, `due for ${-dueInMs} ms`);
      assert.equal(waiting, 2);
    }
  });

  test('tells who has published, and how long ago', async (bench) => {
    await bench.publish([bench.row()]);
    await bench.harness.advance(600_000);
    await bench.publish([bench.row(), bench.row({ broker: 'another' })]);
    const owners = await bench.store.recentOwners();
    assert.deepEqual(owners.map(({ connection, broker }) => `${connection}@${broker}`).sort(), [
      'default@another',
      'default@memory',
    ]);
    for (const { publishedAgoMs } of owners) assert.ok(publishedAgoMs >= 0 && publishedAgoMs < 600_000);
  });

  test('never gives a row to two that ask at once', async (bench) => {
    await bench.publish(Array.from({ length: 200 }, () => bench.row()));
    const batches = await Promise.all(Array.from({ length: 8 }, () => bench.claim(30)));
    const ids = batches.flat().map((row) => row.id);
    assert.equal(new Set(ids).size, ids.length);
    const rest = await bench.claim(200);
    assert.equal(new Set([...ids, ...rest.map((row) => row.id)]).size, 200);
    assert.equal(ids.length + rest.length, 200);
  });

  test('takes over a lease that ran out, under another token', async (bench) => {
    const [row] = await bench.leased(bench.row());
    assert.deepEqual(await bench.claim(), []);
    await bench.harness.advance(31_000);
    const [again] = await bench.claim();
    assert.equal(again!.id, row!.id);
    assert.notEqual(again!.leaseToken, row!.leaseToken);
    assert.deepEqual([again!.startedCount, again!.failedCount], [2, 0]);
  });

  test('reads the lanes that are named, and nothing of others', async (bench) => {
    const lanes = [LANE, { ...LANE, topic: 'also ours' }, { ...LANE, connection: 'adopted', broker: 'old' }];
    const foreign = [
      { ...LANE, topic: 'unknown' },
      { ...LANE, connection: 'somebody else' },
      { ...LANE, broker: 'another' },
      { ...LANE, connection: 'adopted' },
    ];
    const theirs = await bench.publish(foreign.map((lane) => bench.row(lane)));
    const later = await bench.publish([bench.row({ ...lanes[1], deliver: { inMs: 60_000 } })]);
    const claim = async (): Promise<string[]> => (await bench.claim(10, bench.lease(), { lanes })).map((row) => row.id);
    assert.deepEqual(await claim(), []);
    assert.ok((await bench.store.nextDueIn(lanes))! > 30_000);
    assert.ok((await bench.store.nextDueIn(foreign))! <= 0, 'overdue');
    assert.equal(await bench.store.nextDueIn([]), null);

    const ours: string[] = [];
    for (const lane of [...lanes, ...lanes]) ours.push(...(await bench.publish([bench.row(lane)])));
    await bench.harness.advance(1_000);
    assert.deepEqual((await claim()).sort(), [...ours].sort());
    for (const id of [...theirs, ...later]) assert.equal(await bench.status(id), 'PENDING');
  });

  test('takes what has been due for longest, from whichever lane, and the youngest if asked to', async (bench) => {
    const lanes = [LANE, { ...LANE, topic: 'other' }];
    const ids: string[] = [];
    for (let n = 0; n < 6; n++) {
      ids.push(...(await bench.publish([bench.row(lanes[n % 2])])));
      await bench.harness.advance(1_000);
    }
    const claim = async (end: 'oldest' | 'youngest'): Promise<string[]> =>
      (await bench.claim(2, bench.lease(), { lanes, end })).map((row) => row.id);
    assert.deepEqual(await claim('youngest'), ids.slice(4));
    assert.deepEqual(await claim('oldest'), ids.slice(0, 2));
  });

  test('takes no more than fits, and one row however large it is', async (bench) => {
    const sizes = [100, 100, 100, 5_000, 100];
    for (const size of sizes) {
      await bench.publish([bench.row({ payload: 'x'.repeat(size) })]);
      await bench.harness.advance(1_000);
    }
    const claim = async (bytes: number): Promise<[number[], boolean]> => {
      const { rows, more } = await bench.store.claim({ lanes: [LANE], limit: 4, bytes, lease: bench.lease() });
      assert.ok(rows.every((row) => row.payload.length === row.payloadBytes));
      return [rows.map((row) => row.payloadBytes), more];
    };
    assert.deepEqual(await claim(250), [[100, 100], true]);
    assert.deepEqual(await claim(250), [[100], true], 'the large one keeps its turn');
    assert.deepEqual(await claim(0), [[5_000], true]);
    assert.deepEqual(await claim(250), [[100], false]);
    assert.deepEqual(await claim(250), [[], false]);
  });

  test('counts a failure for a group that stayed silent, and only for that', async (bench) => {
    const [row] = await bench.leased(bench.row({ settleGroup: 'stock', settleWithinMs: 60_000 }));
    await bench.store.markSent([{ ...refOf(row!), brokerMessageId: 'B1' }]);
    assert.deepEqual(await bench.claim(), []);
    await bench.harness.advance(61_000);
    const [again] = await bench.claim();
    assert.deepEqual([again!.startedCount, again!.failedCount], [2, 1]);
    assert.equal((await bench.state(row!.id)).errorCode, 'MQ_OUTCOME_UNKNOWN');
  });

  test('tells when the next row is due', async (bench) => {
    assert.equal(await bench.store.nextDueIn([LANE]), null);
    await bench.publish([bench.row({ deliver: { inMs: 60_000 } })]);
    const ms = (await bench.store.nextDueIn([LANE]))!;
    assert.ok(ms > 30_000 && ms <= 60_000);
    const [row] = await bench.leased(bench.row());
    await bench.store.markSent([{ ...refOf(row!), brokerMessageId: 'B1' }]);
    assert.ok((await bench.store.nextDueIn([LANE]))! > 30_000, 'what is finished is never due');
    await bench.harness.advance(60_001);
    assert.ok((await bench.store.nextDueIn([LANE]))! <= 0, 'overdue');
    assert.ok((await bench.store.stats()).overdueMs >= 1);
  });
}
