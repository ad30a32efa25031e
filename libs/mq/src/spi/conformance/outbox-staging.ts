import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { LANE, type OutboxStoreTest } from './outbox-store-harness.js';

/** Every plane of Unicode, marks, joiners, right-to-left, noncharacters; not U+0000, which PostgreSQL has no room for. */
const UNICODE = 'a\u0001\u001f"\'\\%_`$1?é e\u0301 中文 \u202eעברית \u{1F469}\u200d\u{1F680} \uFFFE\uFFFF \u{10FFFF}';

export function stagingTests(test: OutboxStoreTest): void {
  test('shows rows from the commit on, and never when it does not come', async (bench) => {
    const [kept, dropped] = [bench.row({ leased: true }), bench.row({ leased: true })];
    const lease = bench.lease();
    const [first, second] = [await bench.harness.begin(), await bench.harness.begin()];
    await bench.store.stage(first.tx, [kept], lease);
    await bench.store.stage(second.tx, [dropped], lease);
    const refs = [kept, dropped].map(({ id }) => ({ id, token: lease.token }));
    assert.deepEqual(await bench.store.confirm(refs), [null, null]);
    await first.commit();
    await second.rollBack();
    const [confirmed, gone] = await bench.store.confirm(refs);
    assert.equal(confirmed?.id, kept.id);
    assert.equal(gone, null);
    assert.equal(await bench.status(dropped.id), undefined);
  });

  test('confirms under the right token only, in the order asked', async (bench) => {
    const [a, b] = [bench.row({ leased: true }), bench.row({ leased: true, deliver: { at: 4_000_000_000_123 } })];
    const lease = bench.lease();
    await bench.publish([a, b], lease);
    const confirmed = await bench.store.confirm([
      { id: b.id, token: lease.token },
      { id: a.id, token: randomUUID() },
      { id: a.id, token: lease.token },
    ]);
    assert.deepEqual(
      confirmed.map((row) => row?.id),
      [b.id, undefined, a.id],
    );
    assert.equal(confirmed[0]!.deliverAt, 4_000_000_000_123);
    assert.ok(BigInt(confirmed[0]!.seq) > BigInt(confirmed[2]!.seq));
  });

  test('bears rows leased, and others due at once', async (bench) => {
    const [mine, open] = [bench.row({ leased: true }), bench.row()];
    const lease = bench.lease();
    await bench.publish([mine, open], lease);
    const state = await bench.state(mine.id);
    assert.equal(state.status, 'SENDING');
    assert.equal(state.leaseToken, lease.token);
    const claimed = await bench.claim();
    assert.deepEqual(
      claimed.map((row) => [row.id, row.startedCount, row.failedCount]),
      [[open.id, 1, 0]],
    );
  });

  test('counts a delay from the INSERT, and hands the row out a horizon earlier', async (bench) => {
    const [now] = await bench.publish([bench.row({ leased: true })]);
    const base = (await bench.state(now!)).dueAt! - bench.lease().ms;
    const [delayed, early] = await bench.publish([
      bench.row({ deliver: { inMs: 60_000 } }),
      bench.row({ deliver: { inMs: 60_000 }, horizonMs: 45_000 }),
    ]);
    assertNear((await bench.state(delayed!)).dueAt!, base + 60_000);
    assertNear((await bench.state(early!)).dueAt!, base + 15_000);
    const [past] = await bench.publish([bench.row({ deliver: { at: 1_000 }, horizonMs: 1_000 })]);
    assertNear((await bench.state(past!)).dueAt!, base);
    assert.deepEqual(
      (await bench.claim()).map((row) => [row.id, row.deliverAt]),
      [[past, 1_000]],
    );
  });

  test('keeps every field of a message', async (bench) => {
    const row = bench.row({
      instanceId: 'MQ_INST_1',
      tag: 'created-test',
      key: UNICODE,
      orderingKey: UNICODE,
      orderKey: 'f'.repeat(32),
      payload: JSON.stringify({ text: UNICODE.repeat(3_000) }),
      headers: JSON.stringify({ [UNICODE]: UNICODE }),
      settleGroup: 'stock',
      settleWithinMs: 86_400_000,
      maxAttempts: 7,
      replayOf: `broker:${UNICODE}`,
      targetGroup: 'GID_stock',
      trace: JSON.stringify({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'vendor=a:b|c' }),
      correlationId: UNICODE,
      causationId: `broker:${UNICODE}`,
      deliver: { at: 1_700_000_000_123 },
    });
    assert.ok(Buffer.byteLength(row.payload) > 2 * 65_536);
    const [read] = await bench.leased(row);
    const { deliver: _deliver, leased: _leased, horizonMs: _horizon, ...message } = row;
    const { seq: _seq, leaseToken: _token, ...rest } = read!;
    assert.deepEqual(rest, { ...message, deliverAt: 1_700_000_000_123, startedCount: 1, failedCount: 0 });
  });

  test('takes thousands of rows in one call, in their order', async (bench) => {
    const lease = bench.lease();
    const rows = Array.from({ length: 2_500 }, (_, i) => bench.row({ leased: true, payload: `{"n":${i}}` }));
    await bench.publish(rows, lease);
    const confirmed = await bench.store.confirm(rows.map(({ id }) => ({ id, token: lease.token })));
    const seqs = confirmed.map((row) => BigInt(row!.seq));
    assert.ok(seqs.every((seq, i) => i === 0 || seq > seqs[i - 1]!));
  });

  test('makes the order of seq the order of commits', async (bench) => {
    const events: string[] = [];
    const [older, younger] = [bench.ordered('k', { leased: true }), bench.ordered('k', { leased: true })];
    const lease = bench.lease();
    const [first, second] = [await bench.harness.begin(), await bench.harness.begin()];
    await bench.store.stage(first.tx, [older], lease);
    const overtaking = bench.store.stage(second.tx, [younger], lease).then(async () => {
      events.push('younger staged');
      await second.commit();
    });
    // Enough round trips for a store without that lock to let the second one pass.
    for (let i = 0; i < 10; i++) await bench.store.inspect([older.id]);
    events.push('older commits');
    await first.commit();
    await overtaking;
    assert.deepEqual(events, ['older commits', 'younger staged']);
    const [a, b] = await bench.store.confirm([older, younger].map(({ id }) => ({ id, token: lease.token })));
    assert.ok(BigInt(a!.seq) < BigInt(b!.seq));
  });

  test('lets publishers of other keys pass', async (bench) => {
    const [first, second] = [await bench.harness.begin(), await bench.harness.begin()];
    await bench.store.stage(first.tx, [bench.ordered('k')], bench.lease());
    const other = bench.ordered('another key');
    await bench.store.stage(second.tx, [other], bench.lease());
    await second.commit();
    assert.equal(await bench.status(other.id), 'PENDING');
    await first.rollBack();
  });

  test('takes empty lists', async (bench) => {
    const transaction = await bench.harness.begin();
    await bench.store.stage(transaction.tx, [], bench.lease());
    await transaction.commit();
    assert.deepEqual(await bench.store.confirm([]), []);
    assert.deepEqual(await bench.store.markSent([]), []);
    assert.deepEqual(await bench.store.reschedule([]), []);
    assert.deepEqual(await bench.promote([], bench.lease()), []);
    assert.equal((await bench.store.blocked([])).size, 0);
    assert.equal((await bench.store.inspect([])).size, 0);
    await bench.store.defer([], 1);
    await bench.store.refund([]);
    await bench.store.recordErrors([]);
    assert.equal(await bench.store.nextDueIn([LANE]), null);
  });
}

/** A test may be slow, the rows it compares were written by two statements. */
function assertNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 5_000, `${actual} is about ${expected}`);
}
