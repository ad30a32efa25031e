import assert from 'node:assert/strict';
import { systemClock } from '../../core/runtime/system-clock.js';
import { never, type BenchTest } from './transport-harness.js';

/** What only some brokers can do: present exactly where the capabilities say so, and then it must work. */
export function optionalTests(test: BenchTest): void {
  test('has exactly the methods that its capabilities declare', async (bench) => {
    const source = await bench.subscribe(await bench.topic());
    const { explicitRetryDelay, leaseExtension, deadLetterSource } = bench.transport.capabilities;
    assert.equal(typeof source.retryIn === 'function', explicitRetryDelay);
    assert.equal(typeof source.extend === 'function', leaseExtension);
    assert.equal(typeof bench.transport.deadLetters === 'function', deadLetterSource);
  });

  test('gives the lease that was asked for, if it can be chosen', async (bench) => {
    const { chooseLease, limits } = bench.transport.capabilities;
    if (!chooseLease) return assert.ok(limits.leaseMs.ordered <= limits.leaseMs.max);
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    await bench.send(topic);
    const leaseMs = Math.max(limits.leaseMs.min, bench.harness.leaseMs / 2);
    const [delivery] = await bench.poll(source, { waitMs: 5_000, leaseMs });
    const left = delivery!.leaseEndsAt - systemClock.monotonic();
    assert.ok(left > 0 && left <= leaseMs, `up to ${leaseMs} ms, is ${left}`);
  });

  test('delivers again when it was asked to', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    if (!source.retryIn) return assert.ok(!bench.transport.capabilities.explicitRetryDelay);
    await bench.send(topic);
    const first = await bench.one(source);
    const asked = systemClock.monotonic();
    assert.equal(await source.retryIn(first, 300, never), 'done');
    const second = await bench.one(source, 10_000);
    assert.ok(systemClock.monotonic() - asked >= 290, 'not before');
    assert.equal(second.deliveryCount, 2);
    assert.deepEqual(await source.ack([first], never), ['lease-lost']);
    assert.deepEqual(await source.ack([second], never), ['done']);
  });

  test('keeps a delivery whose lease was prolonged, and settles it by the new handle', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    if (!source.extend) return assert.ok(!bench.transport.capabilities.leaseExtension);
    await bench.send(topic);
    const first = await bench.one(source);
    const kept = await source.extend(first, bench.harness.leaseMs * 3, never);
    assert.ok(kept && kept.leaseEndsAt > first.leaseEndsAt);
    await bench.nothing(source, bench.harness.leaseMs + 300);
    assert.deepEqual(await source.ack([kept], never), ['done']);
    await bench.nothing(source, bench.harness.leaseMs * 3);
  });

  test('does not prolong a lease that has ended', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    if (!source.extend) return assert.ok(!bench.transport.capabilities.leaseExtension);
    await bench.send(topic);
    const first = await bench.one(source);
    await bench.one(source, bench.harness.leaseMs * 3 + 2_000);
    assert.equal(await source.extend(first, bench.harness.leaseMs, never), null);
  });
}
