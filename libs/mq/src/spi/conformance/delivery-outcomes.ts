import assert from 'node:assert/strict';
import type { AwaitedRow } from '../../core/store/delivery-store.js';
import type { OutboxStatus } from '../../core/store/outbox-row.js';
import type { DeliveryStoreTest } from './delivery-store-harness.js';

export function outcomeTests(test: DeliveryStoreTest): void {
  test('counts failures of a message in a group, whatever becomes of the delivery', async (bench) => {
    const id = bench.id();
    assert.equal(await bench.store.countFailures(bench.groupId, id), 0);
    await bench.store.recordFailure(bench.entry(id));
    const failing = bench.deliver(id, async () => {
      await bench.store.recordFailure(bench.entry(id, { attempt: 2 }));
      throw new Error('no');
    });
    await assert.rejects(failing, /no/);
    await bench.store.recordFailure(bench.entry(id, { groupId: `${bench.groupId}-other` }));
    await bench.store.recordFailure(bench.entry(bench.id()));
    assert.equal(await bench.store.countFailures(bench.groupId, id), 2);
  });

  test('parks a message, with its payload and for good', async (bench) => {
    const id = bench.id();
    const entry = bench.entry(id, { parked: true, payload: '{"order":7}' });
    assert.equal(await bench.store.park(entry, { inbox: true, awaited: null }), 'written');
    assert.equal(await bench.deliver(id, (tx) => bench.write(tx, id)), 'parked');
    assert.equal(await bench.has(id), false);
    assert.deepEqual(await bench.harness.errorsOf(id), { failed: 0, parked: 1 });
  });

  test('does not park what another copy has settled', async (bench) => {
    const id = bench.id();
    await bench.harness.stage({ id, status: 'ACCEPTED', settleGroup: 'stock' });
    await bench.deliver(id);
    const entry = bench.entry(id, { parked: true });
    assert.equal(await bench.store.park(entry, { inbox: true, awaited: bench.awaited(id) }), 'handled');
    assert.deepEqual(await bench.harness.errorsOf(id), { failed: 0, parked: 0 });
    assert.equal((await bench.harness.statusOf(id)).status, 'ACCEPTED');
  });

  test('does not park one message under the id of another', async (bench) => {
    const id = bench.id();
    await bench.deliver(id, undefined, { digest: 1 });
    const entry = bench.entry(id, { parked: true });
    assert.equal(await bench.store.park(entry, { inbox: true, awaited: null, digest: 2 }), 'other');
    assert.equal(await bench.store.park(entry, { inbox: true, awaited: null, digest: 1 }), 'handled');
    assert.deepEqual(await bench.harness.errorsOf(id), { failed: 0, parked: 0 });
  });

  test('parks without an inbox as an error row alone', async (bench) => {
    const id = bench.id();
    const entry = bench.entry(id, { parked: true });
    assert.equal(await bench.store.park(entry, { inbox: false, awaited: null }), 'written');
    assert.deepEqual(await bench.harness.errorsOf(id), { failed: 0, parked: 1 });
    assert.equal(await bench.deliver(id), 'entered');
  });

  test('makes the status row of a parked message DEAD, if it waits for this group', async (bench) => {
    const cases: [OutboxStatus, string, OutboxStatus][] = [
      ['PENDING', 'stock', 'DEAD'],
      ['SENDING', 'stock', 'DEAD'],
      ['ACCEPTED', 'stock', 'DEAD'],
      ['DEAD', 'stock', 'DEAD'],
      ['SENT', 'stock', 'SENT'],
      ['CANCELLED', 'stock', 'CANCELLED'],
      ['ACCEPTED', 'notify', 'ACCEPTED'],
    ];
    for (const [status, settleGroup, expected] of cases) {
      const id = bench.id();
      await bench.harness.stage({ id, status, settleGroup });
      await bench.store.park(bench.entry(id, { parked: true }), { inbox: true, awaited: bench.awaited(id) });
      assert.equal((await bench.harness.statusOf(id)).status, expected, `${status} for ${settleGroup}`);
    }
  });

  test('settles the status row of a message with the commit, if it waits for this group', async (bench) => {
    for (const [status, settleGroup, expected] of SETTLING) {
      const id = bench.id();
      await bench.harness.stage({ id, status, settleGroup });
      const failing = bench.deliver(id, async (tx) => {
        await tx.settleRow(bench.awaited(id), 'B7');
        throw new Error('no');
      });
      await assert.rejects(failing, /no/);
      assert.equal((await bench.harness.statusOf(id)).status, status, `${status} after a rollback`);

      await bench.deliver(id, (tx) => tx.settleRow(bench.awaited(id), 'B7'));
      assert.deepEqual(await bench.harness.statusOf(id), expected, `${status} for ${settleGroup}`);
    }
  });

  test('finishes the row of a replay, which has an id of its own, and no row of another message', async (bench) => {
    for (const finish of [
      (awaited: AwaitedRow) => bench.store.settleHandled(awaited, 'B7'),
      (awaited: AwaitedRow) => bench.deliver(awaited.messageId, (tx) => tx.settleRow(awaited, 'B7')),
    ]) {
      const [messageId, row, other] = [bench.id(), bench.id(), bench.id()];
      await bench.harness.stage({ id: messageId, status: 'DEAD', settleGroup: 'stock' });
      await bench.harness.stage({ id: row, status: 'ACCEPTED', settleGroup: 'stock', replayOf: messageId });
      await bench.harness.stage({ id: other, status: 'ACCEPTED', settleGroup: 'stock' });
      await finish({ id: other, messageId, group: 'stock' });
      await bench.store.settleHandled({ id: row, messageId, group: 'stock' }, 'B7');
      assert.deepEqual(await bench.harness.statusOf(row), SETTLED);
      assert.equal((await bench.harness.statusOf(messageId)).status, 'DEAD');
      assert.equal((await bench.harness.statusOf(other)).status, 'ACCEPTED');
    }
  });

  test('makes the row of a replay DEAD when its message is parked', async (bench) => {
    const [messageId, row] = [bench.id(), bench.id()];
    await bench.harness.stage({ id: row, status: 'ACCEPTED', settleGroup: 'stock', replayOf: messageId });
    const awaited = { id: row, messageId, group: 'stock' };
    await bench.store.park(bench.entry(messageId, { parked: true }), { inbox: true, awaited });
    assert.equal((await bench.harness.statusOf(row)).status, 'DEAD');
  });

  test('settles a message whose settling was lost', async (bench) => {
    for (const [status, settleGroup, expected] of SETTLING) {
      const id = bench.id();
      await bench.harness.stage({ id, status, settleGroup });
      await bench.store.settleHandled(bench.awaited(id), 'B7');
      assert.deepEqual(await bench.harness.statusOf(id), expected, `${status} for ${settleGroup}`);
    }
  });
}

const SETTLED = { status: 'SENT', brokerMessageId: 'B7' } as const;

/** Status before, group that it waits for, and what settling by the group `stock` makes of it. */
const SETTLING: readonly [OutboxStatus, string, { status: OutboxStatus; brokerMessageId: string | null }][] = [
  ['PENDING', 'stock', SETTLED],
  ['SENDING', 'stock', SETTLED],
  ['ACCEPTED', 'stock', SETTLED],
  ['DEAD', 'stock', SETTLED],
  ['SENT', 'stock', { status: 'SENT', brokerMessageId: null }],
  ['CANCELLED', 'stock', { status: 'CANCELLED', brokerMessageId: null }],
  ['ACCEPTED', 'notify', { status: 'ACCEPTED', brokerMessageId: null }],
];
