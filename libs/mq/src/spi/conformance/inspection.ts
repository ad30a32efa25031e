import assert from 'node:assert/strict';
import type { Delivery, SubscriptionSpec } from '../../core/transport/transport.js';
import { keyOf, never, uniqueName, type Bench, type BenchTest } from './transport-harness.js';

/** What `mq doctor` relies on, of transports that have `inspect`. */
export function inspectionTests(test: BenchTest): void {
  test('finds nothing wrong with a topic and a group that work', async (bench) => {
    const { transport } = bench;
    if (!transport.inspect) return;
    const spec = await subscribed(bench);
    const found = await transport.inspect({ topics: [spec], subscriptions: [spec] }, never);
    assert.deepEqual(
      [...found.topics, ...found.subscriptions].map(({ error }) => error),
      [null, null],
    );
    const [takes] = found.topics.map((topic) => topic.takes);
    assert.ok(takes === null || takes!.includes('normal'), 'the topic takes what it was made for');
    const [most] = found.subscriptions.map(({ maxDeliveries }) => maxDeliveries);
    assert.ok(most === null || most! > 0);
  });

  test('takes no message, sends none, and changes no lease', async (bench) => {
    const { transport } = bench;
    if (!transport.inspect) return;
    const spec = await subscribed(bench);
    const source = transport.subscribe(spec);
    await bench.send(spec.topic, { key: 'waits' });
    await bench.send(spec.topic, { key: 'waits as well' });
    // So long that it outlasts the questions.
    const [first] = (await bench.collect(source, 1, 5_000, 60_000)) as [Delivery];
    for (let asked = 0; asked < 3; asked += 1)
      await transport.inspect({ topics: [spec], subscriptions: [spec] }, never);
    const second = await bench.one(source);
    assert.deepEqual([first, second].map(keyOf).toSorted(), ['waits', 'waits as well']);
    assert.deepEqual([first.deliveryCount, second.deliveryCount], [1, 1]);
    assert.deepEqual(await source.ack([first, second], never), ['done', 'done']);
    await bench.nothing(source, 500);
    await source.close();
  });

  test('says of each topic and group that nobody is there, and does not reject', async ({ harness }) => {
    const transport = harness.unreachable();
    if (!transport.inspect) return;
    const spec = { topic: uniqueName('t'), groupId: uniqueName('GID'), instanceId: null, tags: null, ordered: false };
    const found = await transport.inspect({ topics: [spec], subscriptions: [spec] }, never);
    assert.deepEqual(
      [...found.topics, ...found.subscriptions].map(({ error }) => error?.kind),
      ['unavailable', 'unavailable'],
    );
    await transport.close();
  });
}

/** A topic that a group has asked for once. */
async function subscribed(bench: Bench): Promise<SubscriptionSpec> {
  const topic = await bench.topic();
  const groupId = (await bench.harness.group?.(topic)) ?? uniqueName('GID');
  await bench.subscribe(topic, { groupId });
  return { topic, groupId, instanceId: null, tags: null, ordered: false };
}
