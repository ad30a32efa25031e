import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { deferred } from '../../core/runtime/deferred.js';
import type { DeliveryStoreTest } from './delivery-store-harness.js';

export function enteringTests(test: DeliveryStoreTest): void {
  test('makes the effects of a handler happen once', async (bench) => {
    const id = bench.id();
    assert.equal(await bench.deliver(id, (tx) => bench.write(tx, `${id} first`)), 'entered');
    assert.equal(await bench.deliver(id, (tx) => bench.write(tx, `${id} second`)), 'handled');
    assert.equal(await bench.has(`${id} first`), true);
    assert.equal(await bench.has(`${id} second`), false);
  });

  test('takes everything back when the handler rejects, and lets the message in again', async (bench) => {
    const id = bench.id();
    const failure = new Error('no');
    const failing = bench.deliver(id, async (tx) => {
      await bench.write(tx, `${id} lost`);
      throw failure;
    });
    assert.equal(await failing.catch((error: unknown) => error), failure);
    assert.equal(await bench.has(`${id} lost`), false);
    assert.equal(await bench.deliver(id, (tx) => bench.write(tx, `${id} kept`)), 'entered');
    assert.equal(await bench.has(`${id} kept`), true);
  });

  test('keeps groups apart, and ids that differ in case or in blanks at the end', async (bench) => {
    const id = `a${bench.id()}`;
    assert.equal(await bench.deliver(id), 'entered');
    assert.equal(await bench.deliver(id, undefined, { groupId: `${bench.groupId}-other` }), 'entered');
    assert.equal(await bench.deliver(id.toUpperCase()), 'entered');
    assert.equal(await bench.deliver(`${id} `), 'entered');
    assert.equal(await bench.deliver(id), 'handled');
  });

  test('lets a copy wait for the commit of the first', async (bench) => {
    const id = bench.id();
    const [inside, gate] = [deferred<void>(), deferred<void>()];
    const first = bench.deliver(id, async () => {
      inside.resolve();
      await gate.promise;
    });
    await inside.promise;
    const copy = bench.deliver(id);
    gate.resolve();
    assert.deepEqual(await Promise.all([first, copy]), ['entered', 'handled']);
  });

  test('lets a copy in when the first one rolls back', async (bench) => {
    const id = bench.id();
    const [inside, gate] = [deferred<void>(), deferred<void>()];
    const first = bench.deliver(id, async () => {
      inside.resolve();
      await gate.promise;
      throw new Error('no');
    });
    await inside.promise;
    const copy = bench.deliver(id, (tx) => bench.write(tx, `${id} copy`));
    gate.resolve();
    await assert.rejects(first, /no/);
    assert.equal(await copy, 'entered');
    assert.equal(await bench.has(`${id} copy`), true);
  });

  test('ends the wait of a copy at its limit, which is nobody’s failure', async (bench) => {
    const id = bench.id();
    const [inside, gate] = [deferred<void>(), deferred<void>()];
    const first = bench.deliver(id, async () => {
      inside.resolve();
      await gate.promise;
    });
    await inside.promise;
    await assert.rejects(bench.deliver(id, undefined, { lockWaitMs: 1_000 }), { name: 'InboxContention' });
    gate.resolve();
    assert.equal(await first, 'entered');
  });

  test('tells a copy from another message with the same id, where it can', async (bench) => {
    const [id, unknown] = [bench.id(), bench.id()];
    assert.equal(await bench.deliver(id, undefined, { digest: 281_474_976_710_655 }), 'entered');
    assert.equal(await bench.deliver(id, undefined, { digest: 281_474_976_710_655 }), 'handled');
    assert.equal(await bench.deliver(id, undefined, { digest: 281_474_976_710_654 }), 'other');
    assert.equal(await bench.deliver(id), 'handled');
    assert.equal(await bench.deliver(unknown), 'entered');
    assert.equal(await bench.deliver(unknown, undefined, { digest: 1 }), 'handled');
  });

  test('finishes the row of this attempt only', async (bench) => {
    const [id, token] = [bench.id(), randomUUID()];
    await bench.store.transact({ lockWaitMs: 1_000 }, async (tx) => {
      assert.equal(await tx.enterInbox(bench.groupId, id, token), 'entered');
      assert.equal(await tx.markHandled(bench.groupId, id, randomUUID()), false);
      assert.equal(await tx.markHandled(`${bench.groupId}-other`, id, token), false);
      assert.equal(await tx.markHandled(bench.groupId, id, token), true);
    });
  });

  test('enters many messages at once, without those that are there, and finishes all of them or says so', async (bench) => {
    const [known, one, two, token] = [bench.id(), bench.id(), bench.id(), randomUUID()];
    await bench.deliver(known);
    await bench.store.transact({ lockWaitMs: 1_000 }, async (tx) => {
      const rows = [known, one, two].map((messageId) => ({ messageId, digest: null }));
      const entered = await tx.enterInboxAll(bench.groupId, rows, token);
      assert.deepEqual([...entered].toSorted(), [one, two].toSorted());
      assert.equal(await tx.markAllHandled(bench.groupId, [one, two, known], token), false);
    });
    await bench.store.transact({ lockWaitMs: 1_000 }, async (tx) => {
      const fresh = [bench.id(), bench.id()];
      const rows = fresh.map((messageId) => ({ messageId, digest: 1 }));
      assert.equal((await tx.enterInboxAll(bench.groupId, rows, token)).size, 2);
      assert.equal(await tx.markAllHandled(bench.groupId, fresh, randomUUID()), false);
      assert.equal(await tx.markAllHandled(bench.groupId, fresh, token), true);
    });
  });

  test('cuts a handler off that does not come back', async (bench) => {
    const id = bench.id();
    const failure = new Error('timeout');
    let late!: () => Promise<void>;
    const cut = bench.deliver(id, async (tx) => {
      await bench.write(tx, `${id} early`);
      late = () => bench.write(tx, `${id} late`);
      tx.sever();
      throw failure;
    });
    assert.equal(await cut.catch((error: unknown) => error), failure);
    await assert.rejects(async () => late());
    assert.equal(await bench.deliver(id), 'entered');
    assert.equal(await bench.has(`${id} early`), false);
    assert.equal(await bench.has(`${id} late`), false);
  });

  test('commits nothing of a delivery that was cut off, even if its work resolves', async (bench) => {
    const id = bench.id();
    const cut = bench.store.transact({ lockWaitMs: 1_000 }, async (tx) => {
      await tx.enterInbox(bench.groupId, id, randomUUID());
      await bench.write(tx, `${id} early`);
      tx.sever();
    });
    await assert.rejects(cut);
    assert.equal(await bench.has(`${id} early`), false);
    assert.equal(await bench.deliver(id), 'entered');
  });

  test('gives groups without an inbox a handle that works by itself', async (bench) => {
    const effect = bench.id();
    await bench.harness.write(bench.store.handleWithoutTransaction, effect);
    assert.equal(await bench.has(effect), true);
  });
}
