import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { LeasedRow } from '../../core/store/outbox-row.js';
import { refOf, type OutboxStoreBench, type OutboxStoreTest } from './outbox-store-harness.js';

export function finishingTests(test: OutboxStoreTest): void {
  test('marks many rows, each with what the broker called it and under its own token', async (bench) => {
    const rows: LeasedRow[] = [];
    for (let i = 0; i < 5; i++) rows.push(...(await bench.leased(bench.row(), bench.row())));
    const marks = rows.map((row, i) => ({ ...refOf(row), brokerMessageId: `B${i}` }));
    assert.deepEqual(
      await bench.store.markSent(marks),
      marks.map(() => 'marked'),
    );
    for (const [i, mark] of marks.entries()) {
      const state = await bench.state(mark.id);
      assert.deepEqual(
        [state.status, state.brokerMessageId, state.dueAt, state.leaseToken],
        ['SENT', `B${i}`, null, null],
      );
    }
  });

  test('waits for the group that a topic settles on', async (bench) => {
    const [row] = await bench.leased(bench.row({ settleGroup: 'stock', settleWithinMs: 60_000 }));
    const before = (await bench.state(row!.id)).dueAt! - bench.lease().ms;
    assert.deepEqual(await bench.store.markSent([{ ...refOf(row!), brokerMessageId: 'B1' }]), ['marked']);
    const state = await bench.state(row!.id);
    assert.deepEqual([state.status, state.brokerMessageId, state.leaseToken], ['ACCEPTED', 'B1', null]);
    assert.ok(state.dueAt! >= before + 60_000 && state.dueAt! < before + 70_000);
    await bench.harness.settle(row!.id, 'stock', 'B1');
    assert.equal(await bench.status(row!.id), 'SENT');
  });

  test('deletes what is done, where no history is kept, and nothing that is not', async (bench) => {
    const settling = { settleGroup: 'stock', settleWithinMs: 60_000 };
    const [first, second, waits, foreign] = await bench.leased(
      bench.row(),
      bench.ordered('k'),
      bench.row(settling),
      bench.row(),
    );
    const marks = [first!, second!, waits!, { ...foreign!, leaseToken: randomUUID() }].map((row, i) => ({
      ...refOf(row),
      brokerMessageId: `B${i}`,
    }));
    assert.deepEqual(await bench.store.markSent(marks.slice(0, 1), 'delete'), ['marked']);
    assert.deepEqual(await bench.store.markSent(marks, 'delete'), ['marked', 'marked', 'marked', 'lost']);
    const found = await bench.store.inspect(marks.map(({ id }) => id));
    assert.deepEqual(
      marks.map(({ id }) => found.get(id)?.status),
      [undefined, undefined, 'ACCEPTED', 'SENDING'],
    );
  });

  test('tells rows that it marked from those that were settled or lost', async (bench) => {
    const settling = { settleGroup: 'stock', settleWithinMs: 60_000 };
    const [marked, settled, lost] = await bench.leased(bench.row(settling), bench.row(settling), bench.row());
    await bench.harness.settle(settled!.id, 'stock', 'B2');
    const marks = [marked!, settled!, { ...lost!, leaseToken: randomUUID() }, { ...lost!, id: randomUUID() }];
    const outcomes = await bench.store.markSent(
      marks.map((row, i) => ({ ...refOf(row), brokerMessageId: `B${i + 1}` })),
    );
    assert.deepEqual(outcomes, ['marked', 'settled', 'lost', 'lost']);
    assert.equal(await bench.status(lost!.id), 'SENDING');
  });

  test('lets nobody write who lost the lease', async (bench) => {
    const [row] = await bench.leased(bench.ordered('k'));
    await bench.harness.advance(31_000);
    const [owner] = await bench.claim();
    const before = await bench.state(row!.id);
    const late = refOf(row!);
    const assertUntouched = async (): Promise<void> => assert.deepEqual(await bench.state(row!.id), before);

    assert.deepEqual(await bench.store.markSent([{ ...late, brokerMessageId: 'B1' }]), ['lost']);
    await assertUntouched();
    assert.deepEqual(
      await bench.store.reschedule([{ ...late, delayMs: 0, counted: true, error: { code: 'X', message: 'x' } }]),
      [false],
    );
    await assertUntouched();
    assert.equal(await bench.store.park(late, bench.error(row!.id), { freeKey: true }), false);
    await assertUntouched();
    assert.deepEqual(await bench.harness.errors(row!.id), []);
    await bench.store.defer([late], 0);
    await assertUntouched();

    assert.deepEqual(await bench.store.markSent([{ ...refOf(owner!), brokerMessageId: 'B2' }]), ['marked']);
    assert.deepEqual(await bench.store.markSent([{ ...late, brokerMessageId: 'B1' }]), ['lost']);
    assert.equal((await bench.state(row!.id)).brokerMessageId, 'B2');
  });

  test('gives rows back with their own delays, counted or not', async (bench) => {
    const [counted, free, lost] = await bench.leased(bench.row(), bench.row(), bench.row());
    const before = (await bench.state(counted!.id)).dueAt! - bench.lease().ms;
    const answers = await bench.store.reschedule([
      { ...refOf(counted!), delayMs: 10_000, counted: true, error: { code: 'MQ_OUTCOME_UNKNOWN', message: 'reset' } },
      { ...refOf(lost!), token: randomUUID(), delayMs: 0, counted: true, error: null },
      { ...refOf(free!), delayMs: 20_000, counted: false, error: null },
    ]);
    assert.deepEqual(answers, [true, false, true]);
    const state = await bench.state(counted!.id);
    assert.deepEqual([state.status, state.leaseToken], ['PENDING', null]);
    assert.deepEqual([state.errorCode, state.errorMessage], ['MQ_OUTCOME_UNKNOWN', 'reset']);
    assert.ok(state.dueAt! >= before + 10_000 && state.dueAt! < before + 20_000);
    await bench.harness.advance(25_000);
    assert.deepEqual(await countsById(bench), {
      [counted!.id]: [2, 1],
      [free!.id]: [1, 0],
    });
  });

  test('parks a row with the error row that says why', async (bench) => {
    const [row] = await bench.leased(bench.row());
    const error = bench.error(row!.id, { message: `no\0body ${'x'.repeat(5_000)}`, stack: 'at \0' });
    assert.equal(await bench.store.park(refOf(row!), error, { freeKey: false }), true);
    const state = await bench.state(row!.id);
    assert.deepEqual(
      [state.status, state.errorCode, state.dueAt, state.leaseToken],
      ['DEAD', 'MQ_BROKER_REJECTED', null, null],
    );
    assert.deepEqual(await bench.harness.errors(row!.id), [{ parked: true, errorCode: 'MQ_BROKER_REJECTED' }]);
    assert.equal((await bench.store.stats()).byStatus.DEAD, 1);
    await bench.harness.resolveErrors(row!.id);
    assert.equal((await bench.store.stats()).byStatus.DEAD, 0);
  });

  test('never forgets that a message may have left, also when that attempt was taken back', async (bench) => {
    const again = async (code: string, message: string): Promise<unknown> => {
      const [row] = await bench.claim(1);
      await bench.store.reschedule([{ ...refOf(row!), delayMs: 0, counted: false, error: { code, message } }]);
      const { errorCode, errorMessage } = await bench.state(row!.id);
      return [errorCode, errorMessage];
    };
    await bench.publish([bench.row()]);
    assert.deepEqual(await again('MQ_BROKER_UNAVAILABLE', 'refused'), ['MQ_BROKER_UNAVAILABLE', 'refused']);
    assert.deepEqual(await again('MQ_OUTCOME_UNKNOWN', 'reset'), ['MQ_OUTCOME_UNKNOWN', 'reset']);
    assert.deepEqual(await again('MQ_BROKER_UNAVAILABLE', 'refused'), ['MQ_OUTCOME_UNKNOWN', 'reset']);
    assert.deepEqual(await again('MQ_OUTCOME_UNKNOWN', 'silent'), ['MQ_OUTCOME_UNKNOWN', 'silent']);
  });

  test('refunds one attempt of rows that wait or are on their way again, and of none without one', async (bench) => {
    const [waiting, leased, fresh] = await bench.leased(bench.row(), bench.row(), bench.row());
    for (const row of [waiting!, leased!]) {
      await bench.store.reschedule([{ ...refOf(row), delayMs: 0, counted: true, error: null }]);
    }
    await bench.store.reschedule([{ ...refOf(fresh!), delayMs: 60_000, counted: false, error: null }]);
    const [held] = await bench.claim(1);
    const idle = held!.id === waiting!.id ? leased! : waiting!;
    await bench.store.refund([waiting!.id, leased!.id, fresh!.id, randomUUID()]);
    await bench.harness.advance(61_000);
    assert.deepEqual(await countsById(bench), {
      [held!.id]: [2, 0],
      [idle.id]: [1, 0],
      [fresh!.id]: [1, 0],
    });
  });

  test('records errors that change no state', async (bench) => {
    const id = randomUUID();
    const entries = Array.from({ length: 3 }, (_, i) => bench.error(id, { parked: false, attempt: i + 1 }));
    await bench.store.recordErrors([...entries, bench.error(id, { messageId: null, parked: false })]);
    assert.equal((await bench.harness.errors(id)).length, 3);
    assert.equal((await bench.store.stats()).parkedDeliveries, 0);
    await bench.store.recordErrors([bench.error(id, { direction: 'CONSUME', group: 'stock', groupId: 'GID_stock' })]);
    assert.equal((await bench.store.stats()).parkedDeliveries, 1);
  });

  test('counts rows by status, and finds none that do not exist', async (bench) => {
    await bench.publish([bench.row(), bench.row({ leased: true })]);
    const { byStatus } = await bench.store.stats();
    assert.deepEqual(byStatus, { PENDING: 1, SENDING: 1, ACCEPTED: 0, SENT: 0, DEAD: 0, CANCELLED: 0 });
    assert.equal((await bench.store.inspect([randomUUID()])).size, 0);
  });
}

async function countsById(bench: OutboxStoreBench<unknown>): Promise<Record<string, [number, number]>> {
  const rows = await bench.claim();
  return Object.fromEntries(rows.map((row) => [row.id, [row.startedCount, row.failedCount]]));
}
