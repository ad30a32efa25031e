import assert from 'node:assert/strict';
import type { LeasedRow } from '../../core/store/outbox-row.js';
import type { BlockedQuery } from '../../core/store/outbox-store.js';
import { refOf, type OutboxStoreBench, type OutboxStoreTest } from './outbox-store-harness.js';

export function keyOrderTests(test: OutboxStoreTest): void {
  test('blocks a row by an older one that is not in hand', async (bench) => {
    const [first, second, other] = await bench.leased(bench.ordered('k'), bench.ordered('k'), bench.ordered('j'));
    assert.deepEqual(await blockedOf(bench, second!, other!), [second!.id]);
    assert.deepEqual(await blockedOf(bench, first!, second!, other!), []);
    assert.deepEqual(await blockedOf(bench, first!), []);
    await bench.store.markSent([{ ...refOf(first!), brokerMessageId: 'B1' }]);
    assert.deepEqual(await blockedOf(bench, second!), []);
  });

  test('is blocked by a row that nobody has begun to send, and not by one that waits for its group', async (bench) => {
    const settling = { settleGroup: 'stock', settleWithinMs: 60_000 };
    const [older, younger] = await bench.leased(bench.ordered('k', settling), bench.ordered('k'));
    await bench.store.reschedule([{ ...refOf(older!), delayMs: 60_000, counted: true, error: null }]);
    assert.deepEqual(await blockedOf(bench, younger!), [younger!.id]);
    await bench.harness.advance(61_000);
    const [again] = (await bench.claim()).filter((row) => row.id === older!.id);
    await bench.store.markSent([{ ...refOf(again!), brokerMessageId: 'B1' }]);
    assert.equal(await bench.status(older!.id), 'ACCEPTED');
    assert.deepEqual(await blockedOf(bench, younger!), []);
  });

  test('lets a dead head hold its key back, or go', async (bench) => {
    for (const freeKey of [false, true]) {
      const key = `key ${freeKey}`;
      const [head, follower] = await bench.leased(bench.ordered(key), bench.ordered(key));
      await bench.store.park(refOf(head!), bench.error(head!.id), { freeKey });
      assert.deepEqual(await blockedOf(bench, follower!), freeKey ? [] : [follower!.id]);
    }
  });

  test('puts followers to sleep without counting the attempt, and wakes the head', async (bench) => {
    const [head, second, third] = await bench.leased(bench.ordered('k'), bench.ordered('k'), bench.ordered('k'));
    await bench.store.defer([refOf(second!), refOf(third!)], 300_000);
    const asleep = await bench.state(second!.id);
    assert.deepEqual([asleep.status, asleep.leaseToken], ['PENDING', null]);
    assert.deepEqual(await bench.claim(), []);

    const keys = [head!.orderKey!];
    assert.deepEqual(await bench.promote(keys, bench.lease()), [], 'the head is being sent');
    await bench.store.markSent([{ ...refOf(head!), brokerMessageId: 'B1' }]);
    const lease = bench.lease();
    const woken = await bench.promote([...keys, ...keys], lease);
    assert.deepEqual(
      woken.map((row) => [row.id, row.startedCount, row.leaseToken]),
      [[second!.id, 1, lease.token]],
    );
    assert.deepEqual(await bench.promote(keys, bench.lease()), [], 'it is awake already');
  });

  test('leaves a head asleep that backs off or waits for its time', async (bench) => {
    const [head] = await bench.leased(bench.ordered('k'));
    await bench.store.reschedule([{ ...refOf(head!), delayMs: 60_000, counted: true, error: null }]);
    assert.deepEqual(await bench.promote([head!.orderKey!], bench.lease()), []);
    const before = await bench.state(head!.id);
    assert.equal(before.status, 'PENDING');

    await bench.harness.advance(61_000);
    const [claimed] = await bench.claim();
    await bench.store.defer([refOf(claimed!)], 60_000);
    await bench.harness.advance(61_000);
    const [again] = await bench.claim();
    await bench.store.reschedule([{ ...refOf(again!), delayMs: 60_000, counted: true, error: null }]);
    assert.deepEqual(await bench.promote([head!.orderKey!], bench.lease()), [], 'the claim ended its sleep');
  });

  test('leases what fits of those that it wakes, and makes the others due', async (bench) => {
    const [small, large] = ['small', 'large'].map((key) =>
      bench.ordered(key, { payload: key.repeat(key === 'large' ? 100 : 1) }),
    );
    const rows = await bench.leased(small!, large!);
    await bench.store.defer(rows.map(refOf), 300_000);
    const woken = await bench.store.promote(
      rows.map((row) => row.orderKey!),
      bench.lease(),
      100,
    );
    assert.deepEqual(
      woken.map((row) => row.id),
      [small!.id],
    );
    assert.deepEqual(
      (await bench.claim()).map((row) => row.id),
      [large!.id],
    );
  });

  test('wakes what sleeps behind nothing, page by page, and leaves all others alone', async (bench) => {
    const rows = await bench.leased(...['a', 'b', 'c', 'd'].flatMap((key) => [bench.ordered(key), bench.ordered(key)]));
    const [sent, stranded, head, follower, dead, behind, backingOff, waiting] = rows;
    await bench.store.defer([stranded!, follower!, behind!, waiting!].map(refOf), 300_000);
    await bench.store.markSent([{ ...refOf(sent!), brokerMessageId: 'B1' }]);
    await bench.store.park(refOf(dead!), bench.error(dead!.id), { freeKey: false });
    await bench.store.reschedule([{ ...refOf(backingOff!), delayMs: 60_000, counted: true, error: null }]);

    const keys = [...new Set(rows.map((row) => row.orderKey!))].sort();
    const pages: (string | null)[] = [];
    for (let after: string | null = ''; after !== null; pages.push(after)) {
      after = await bench.store.wakeStranded(after, 3);
    }
    assert.deepEqual(pages, [keys[2], null]);
    assert.deepEqual(
      (await bench.claim()).map((row) => row.id),
      [stranded!.id],
    );
    assert.equal(await bench.status(head!.id), 'SENDING');
    assert.equal(await bench.store.wakeStranded('', 100), null);
    assert.deepEqual(await bench.claim(), []);
  });

  test('wakes a head for one of those who ask at once', async (bench) => {
    const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`);
    const rows = await bench.leased(...keys.map((key) => bench.ordered(key)));
    await bench.store.defer(rows.map(refOf), 300_000);
    const orderKeys = rows.map((row) => row.orderKey!);
    const woken = await Promise.all([
      bench.promote(orderKeys, bench.lease()),
      bench.promote(orderKeys.toReversed(), bench.lease()),
      bench.promote(orderKeys, bench.lease()),
    ]);
    assert.deepEqual(
      woken
        .flat()
        .map((row) => row.id)
        .sort(),
      rows.map((row) => row.id).sort(),
    );
  });
}

async function blockedOf(bench: OutboxStoreBench<unknown>, ...rows: LeasedRow[]): Promise<string[]> {
  const queries: BlockedQuery[] = rows.map(({ id, orderKey, seq }) => ({ id, orderKey: orderKey!, seq }));
  return [...(await bench.store.blocked(queries))].sort();
}
