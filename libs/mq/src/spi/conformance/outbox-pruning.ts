import assert from 'node:assert/strict';
import { refOf, type OutboxStoreTest } from './outbox-store-harness.js';

const DAY = 86_400_000;

export function pruningTests(test: OutboxStoreTest): void {
  test('deletes what is sent and old, as many as allowed, and nothing unfinished', async (bench) => {
    const rows = await bench.leased(...Array.from({ length: 5 }, () => bench.row()));
    const unfinished = await bench.publish([bench.row(), bench.row({ leased: true })]);
    await bench.store.markSent(rows.map((row) => ({ ...refOf(row), brokerMessageId: row.id })));
    await bench.harness.advance(DAY + 1_000);
    assert.equal(await bench.store.prune('sent', 2 * DAY, 100), 0);
    assert.equal(await bench.store.prune('sent', DAY, 3), 3);
    assert.equal(await bench.store.prune('sent', DAY, 3), 2);
    assert.equal(await bench.store.prune('sent', DAY, 3), 0);
    assert.equal((await bench.store.inspect(unfinished)).size, 2);
  });

  test('keeps dead rows until they are resolved, and their errors as long as them', async (bench) => {
    const [row] = await bench.leased(bench.row());
    await bench.store.park(refOf(row!), bench.error(row!.id), { freeKey: true });
    await bench.harness.advance(100 * DAY);
    assert.equal(await bench.store.prune('sent', DAY, 10), 0);
    assert.equal(await bench.store.prune('errors', DAY, 10), 0);
    await bench.harness.resolveErrors(row!.id);
    assert.equal(await bench.store.prune('errors', DAY, 10), 0, 'its retention counts from the resolution');
    await bench.harness.advance(2 * DAY);
    assert.equal(
      await bench.store.prune('errors', DAY, 10),
      0,
      'without it nobody could tell that the row is resolved',
    );
    assert.equal(await bench.store.prune('sent', DAY, 10), 1);
    assert.equal(await bench.store.prune('errors', DAY, 10), 1);
    assert.deepEqual(await bench.harness.errors(row!.id), []);
  });

  test('deletes errors of attempts by their age', async (bench) => {
    await bench.store.recordErrors(['a', 'b', 'c'].map((id) => bench.error(id, { parked: false })));
    assert.equal(await bench.store.prune('errors', DAY, 10), 0);
    await bench.harness.advance(DAY + 1);
    assert.equal(await bench.store.prune('errors', DAY, 2), 2);
    assert.equal(await bench.store.prune('errors', DAY, 2), 1);
  });
}
