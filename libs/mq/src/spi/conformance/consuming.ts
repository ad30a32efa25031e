import assert from 'node:assert/strict';
import { systemClock } from '../../core/runtime/system-clock.js';
import { keyOf, never, rejectsAs, uniqueName, type BenchTest } from './transport-harness.js';

export function consumingTests(test: BenchTest): void {
  test('answers an empty poll with an empty list, after its wait', async (bench) => {
    const source = await bench.subscribe(await bench.topic());
    const started = systemClock.monotonic();
    assert.deepEqual(await bench.poll(source, { waitMs: 1_000 }), []);
    const took = systemClock.monotonic() - started;
    assert.ok(took > 700 && took < 5_000, `about a second, took ${took} ms`);
  });

  test('ends a waiting poll when a message comes', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    const started = systemClock.monotonic();
    const waiting = bench.poll(source, { waitMs: 15_000 });
    await systemClock.sleep(200);
    await bench.send(topic);
    assert.equal((await waiting).length, 1);
    assert.ok(systemClock.monotonic() - started < 5_000, 'long before its wait ended');
  });

  test('hands out no more than was asked for, and nothing twice while it is leased', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    for (const key of ['a', 'b', 'c']) await bench.send(topic, { key });
    const two = await bench.collect(source, 2);
    assert.equal(two.length, 2);
    const rest = await bench.collect(source, 1);
    assert.deepEqual([...two, ...rest].map(keyOf).toSorted(), ['a', 'b', 'c']);
  });

  test('gives every group all messages', async (bench) => {
    const topic = await bench.topic();
    const first = await bench.subscribe(topic);
    const second = await bench.subscribe(topic);
    await bench.send(topic, { key: 'a' });
    assert.deepEqual(await first.ack([await bench.one(first)], never), ['done']);
    assert.equal(keyOf(await bench.one(second)), 'a');
  });

  test('shares the messages of one group between its members', async (bench) => {
    const topic = await bench.topic();
    const groupId = (await bench.harness.group?.(topic)) ?? uniqueName('GID');
    const members = [await bench.subscribe(topic, { groupId }), await bench.subscribe(topic, { groupId })];
    for (const key of ['a', 'b']) await bench.send(topic, { key });
    const found = await Promise.all(members.map((member) => bench.one(member)));
    assert.deepEqual(found.map(keyOf).toSorted(), ['a', 'b']);
  });

  test('delivers the tags that were asked for, and no others', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic, { tags: ['created', 'paid'] });
    for (const tag of ['created', 'other', 'paid', null, 'Paid']) {
      await bench.send(topic, { tag, key: `key-${tag}` });
    }
    const found = await bench.collect(source, 2);
    assert.deepEqual(found.map(keyOf).toSorted(), ['key-created', 'key-paid']);
    assert.deepEqual(await source.ack(found, never), ['done', 'done']);
    await bench.nothing(source, 300);
  });

  test('delivers what was acknowledged never again', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    for (const key of ['a', 'b', 'c']) await bench.send(topic, { key });
    const found = await bench.collect(source, 3);
    const done = found.filter((delivery) => keyOf(delivery) !== 'b');
    assert.deepEqual(await source.ack(done, never), ['done', 'done']);
    const again = await bench.one(source, bench.harness.leaseMs * 3 + 2_000);
    assert.equal(keyOf(again), 'b');
    assert.deepEqual(await source.ack([again], never), ['done']);
    await bench.nothing(source, bench.harness.leaseMs + 500);
  });

  test('delivers again after the end of the lease, not before, and counts', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    const id = await bench.send(topic);
    const first = await bench.one(source);
    const second = await bench.one(source, bench.harness.leaseMs * 3 + 2_000);
    assert.ok(systemClock.monotonic() >= first.leaseEndsAt, 'the lease was kept');
    assert.equal(second.message.brokerMessageId, id);
    assert.equal(second.deliveryCount, 2);
  });

  test('tells apart, in one acknowledgement, what is done and whose lease was lost', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    await bench.send(topic, { key: 'late' });
    const late = await bench.one(source);
    const again = await bench.one(source, bench.harness.leaseMs * 3 + 2_000);
    await bench.send(topic, { key: 'in time' });
    const inTime = await bench.one(source);
    assert.deepEqual(await source.ack([late, inTime], never), ['lease-lost', 'done']);
    assert.deepEqual(await source.ack([again], never), ['done']);
    assert.deepEqual(await source.ack([], never), []);
  });

  test('says unknown of an acknowledgement that the caller gave up', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    await bench.send(topic);
    assert.deepEqual(await source.ack([await bench.one(source)], AbortSignal.abort()), ['unknown']);
  });

  test('ends a poll when the caller gives up, and loses nothing by it', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    const caller = new AbortController();
    const waiting = source.receive({ max: 1, waitMs: 15_000, leaseMs: bench.harness.leaseMs }, caller.signal);
    const started = systemClock.monotonic();
    const ended = rejectsAs(waiting, ['aborted']);
    await systemClock.sleep(200);
    caller.abort();
    await ended;
    assert.ok(systemClock.monotonic() - started < 2_000, 'at once');
    await bench.send(topic, { key: 'after' });
    // The broker may not have noticed yet, and have handed the message to the poll that nobody reads.
    assert.equal(keyOf(await bench.one(source, bench.harness.leaseMs * 3 + 75_000)), 'after');
  });
}
