import assert from 'node:assert/strict';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { Delivery, MessageSource } from '../../core/transport/transport.js';
import { keyOf, never, type Bench, type BenchTest } from './transport-harness.js';

/** What a broker may add to each lease until it delivers again, and until what it gave up can be read. */
const SLACK_MS = { delivery: 10_000, arrival: 60_000 };

/** What the broker gave up on can be read back, where the capabilities say so. */
export function deadLetterTests(test: BenchTest): void {
  test('finds no dead letters where nothing was given up, after its wait', async (bench) => {
    if (!bench.transport.deadLetters) return assert.ok(!bench.transport.capabilities.deadLetterSource);
    const { groupId } = await givingUp(bench, await bench.topic());
    const source = bench.deadLetters(groupId);
    const started = systemClock.monotonic();
    assert.deepEqual(await bench.poll(source, { waitMs: 1_000 }), []);
    const took = systemClock.monotonic() - started;
    assert.ok(took > 700 && took < 8_000, `about a second, took ${took} ms`);
  });

  test('reads back what was given up, of all topics of the group, as it was', async (bench) => {
    if (!bench.transport.deadLetters) return assert.ok(!bench.transport.capabilities.deadLetterSource);
    const topics = [await bench.topic(), await bench.topic()];
    const { groupId, maxDeliveries } = await givingUp(bench, topics[0]!);
    const dead = bench.deadLetters(groupId);
    const sources: MessageSource[] = [];
    for (const topic of topics) sources.push(await bench.subscribe(topic, { groupId }));
    for (const topic of topics)
      await bench.send(topic, { tag: 'created', key: topic, body: '{"n":"ä€😀"}', properties: { 'mq-id': topic } });

    const { before, letters } = await exhaust(bench, sources, dead, maxDeliveries);
    assert.deepEqual(letters.map(keyOf).toSorted(), topics.toSorted());
    for (const { message, deliveryCount } of letters) {
      const first = before.find((delivery) => delivery.message.key === message.key)!.message;
      assert.equal(message.deadLetterOf?.topic, message.key);
      const { brokerMessageId } = message.deadLetterOf;
      assert.ok(
        brokerMessageId === null || brokerMessageId === first.brokerMessageId,
        'its id, or that nobody knows it',
      );
      assert.equal(message.tag, 'created');
      assert.equal(message.body, '{"n":"ä€😀"}');
      assert.equal(message.properties['mq-id'], message.key);
      assert.equal(message.publishedAt, first.publishedAt);
      assert.ok(deliveryCount >= 1);
    }
    for (const { message } of before) assert.equal(message.deadLetterOf, undefined);
  });

  test('delivers a dead letter again until it is acknowledged, and to its own group only', async (bench) => {
    if (!bench.transport.deadLetters) return assert.ok(!bench.transport.capabilities.deadLetterSource);
    const topic = await bench.topic();
    const { groupId, maxDeliveries } = await givingUp(bench, topic);
    const dead = bench.deadLetters(groupId);
    const other = bench.deadLetters((await givingUp(bench, topic)).groupId);
    const source = await bench.subscribe(topic, { groupId });
    await bench.send(topic);

    await exhaust(bench, [source], dead, maxDeliveries);
    await bench.nothing(other, bench.harness.leaseMs + 500);
    const again = await bench.one(dead, bench.harness.leaseMs + SLACK_MS.delivery);
    assert.deepEqual(await dead.ack([again], never), ['done']);
    await bench.nothing(dead, bench.harness.leaseMs + 500);
    await bench.nothing(source, 300);
  });
}

async function givingUp(bench: Bench, topic: string): Promise<{ groupId: string; maxDeliveries: number }> {
  const group = await bench.harness.givingUp?.(topic);
  assert.ok(group, 'the harness of a transport with capabilities.deadLetterSource needs givingUp()');
  return group;
}

/** Takes what comes, acknowledges none of it, and waits until the broker has given up one message of each source. */
async function exhaust(
  bench: Bench,
  sources: readonly MessageSource[],
  dead: MessageSource,
  maxDeliveries: number,
): Promise<{ before: Delivery[]; letters: Delivery[] }> {
  const patienceMs = maxDeliveries * (bench.harness.leaseMs + SLACK_MS.delivery) + SLACK_MS.arrival;
  const until = systemClock.monotonic() + patienceMs;
  const before: Delivery[] = [];
  const letters = new Map<string, Delivery>();
  while (letters.size < sources.length) {
    assert.ok(
      systemClock.monotonic() < until,
      `${sources.length} dead letters within ${patienceMs} ms; ${letters.size} came`,
    );
    const [found, ...polled] = await Promise.all(
      [dead, ...sources].map((source) => bench.poll(source, { max: sources.length, waitMs: 500 })),
    );
    before.push(...polled.flat());
    // One may come again while the other is waited for.
    for (const letter of found!) letters.set(keyOf(letter), letter);
  }
  for (const key of letters.keys()) {
    const times = before.filter((delivery) => keyOf(delivery) === key).length;
    assert.ok(times >= 1 && times <= maxDeliveries, `1 to ${maxDeliveries} deliveries of ${key}, there were ${times}`);
  }
  return { before, letters: [...letters.values()] };
}
