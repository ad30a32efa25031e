import assert from 'node:assert/strict';
import { NO_FILTER, refOf, type OutboxStoreTest } from './outbox-store-harness.js';

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

  test('leaves topics alone that it is told to', async (bench) => {
    const [down] = await bench.publish([bench.row({ topic: 'down' })]);
    const [up] = await bench.publish([bench.row({ topic: 'up', deliver: { inMs: 60_000 } })]);
    const filter = { exceptTopics: ['down', 'also down'] };
    assert.deepEqual(await bench.store.claim({ ...filter, limit: 10, lease: bench.lease() }), []);
    assert.ok((await bench.store.nextDueIn(filter))! > 30_000);
    assert.ok((await bench.store.nextDueIn(NO_FILTER))! <= 0, 'overdue');
    assert.deepEqual(
      (await bench.claim()).map((row) => row.id),
      [down],
    );
    assert.equal(await bench.status(up!), 'PENDING');
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
    assert.equal(await bench.store.nextDueIn(NO_FILTER), null);
    await bench.publish([bench.row({ deliver: { inMs: 60_000 } })]);
    const ms = (await bench.store.nextDueIn(NO_FILTER))!;
    assert.ok(ms > 30_000 && ms <= 60_000);
    const [row] = await bench.leased(bench.row());
    await bench.store.markSent([{ ...refOf(row!), brokerMessageId: 'B1' }]);
    assert.ok((await bench.store.nextDueIn(NO_FILTER))! > 30_000, 'what is finished is never due');
    await bench.harness.advance(60_001);
    assert.ok((await bench.store.nextDueIn(NO_FILTER))! <= 0, 'overdue');
    assert.ok((await bench.store.stats()).overdueMs >= 1);
  });
}
