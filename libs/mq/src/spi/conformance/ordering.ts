import assert from 'node:assert/strict';
import { keyOf, never, type Bench, type BenchTest } from './transport-harness.js';

export function orderingTests(test: BenchTest): void {
  const ordered = (title: string, run: (bench: Bench) => Promise<void>): void =>
    test(title, async (bench) => {
      const { ordering } = bench.transport.capabilities;
      if (ordering === 'partition') await run(bench);
      else assert.equal(ordering, 'none');
    });

  ordered('delivers the messages of one ordering key in their order', async (bench) => {
    const topic = await bench.topic('ordered');
    const source = await bench.subscribe(topic, { ordered: true });
    const keys = ['a', 'b', 'c', 'd', 'e'];
    for (const key of keys) await bench.send(topic, { key, orderingKey: 'customer-1' });
    const found: string[] = [];
    while (found.length < keys.length) {
      const deliveries = await bench.collect(source, 1);
      assert.equal(deliveries[0]!.message.orderingKey, 'customer-1');
      found.push(...deliveries.map(keyOf));
      assert.deepEqual(await source.ack(deliveries, never), ['done']);
    }
    assert.deepEqual(found, keys);
  });

  ordered('holds a key back while a message of it is not acknowledged', async (bench) => {
    const topic = await bench.topic('ordered');
    const source = await bench.subscribe(topic, { ordered: true });
    for (const key of ['a', 'b']) await bench.send(topic, { key, orderingKey: 'customer-1' });
    const first = await bench.one(source);
    assert.equal(keyOf(first), 'a');
    await bench.nothing(source, Math.min(500, bench.harness.leaseMs / 3));
    assert.deepEqual(await source.ack([first], never), ['done']);
    assert.equal(keyOf(await bench.one(source)), 'b');
  });

  ordered('begins a key again at the message whose lease ended', async (bench) => {
    const topic = await bench.topic('ordered');
    const source = await bench.subscribe(topic, { ordered: true });
    for (const key of ['a', 'b']) await bench.send(topic, { key, orderingKey: 'customer-1' });
    assert.equal(keyOf(await bench.one(source)), 'a');
    const again = await bench.one(source, bench.harness.leaseMs * 3 + 2_000);
    assert.equal(keyOf(again), 'a');
    assert.equal(again.deliveryCount, 2);
    assert.deepEqual(await source.ack([again], never), ['done']);
    assert.equal(keyOf(await bench.one(source)), 'b');
  });
}
