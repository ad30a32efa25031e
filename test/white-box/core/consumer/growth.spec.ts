import { consumerBench, handlerOf } from './support/consumer-bench.js';

/** Everything that an object leads to, also through symbols, as listeners of signals are kept. */
function reachableFrom(root: object): number {
  const seen = new Set<object>();
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const value = stack.pop();
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Map) stack.push(...value.keys(), ...value.values());
    if (value instanceof Set) stack.push(...value);
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key)!;
      if ('value' in property) stack.push(property.value);
    }
  }
  return seen.size;
}

it('replaced, paused and failing loops leave nothing behind', async () => {
  const bench = consumerBench({ handlers: [] });
  const tags = (tag: string) => [handlerOf({ tags: ['always', tag] })];
  const round = async (i: number): Promise<void> => {
    await bench.start(tags(`t${i % 2}`));
    bench.runner.pause('stock');
    await bench.clock.whenIdle();
    // Replaced while it is paused: the old loop waits for a latch that nobody releases for it.
    await bench.start(tags(`u${i % 2}`));
    bench.runner.resume('stock');
    await bench.clock.whenIdle();
    bench.deliveries.fail('begin');
    await bench.publish(`m${i}`, { tag: 'always' });
    await bench.start(tags(`v${i % 2}`));
    await bench.clock.advance(10_000);
  };
  const count = (): number => reachableFrom(bench.runner);
  for (let i = 0; i < 4; i++) await round(i);
  const before = count();
  for (let i = 4; i < 44; i++) await round(i);
  // Three objects a message are the test's own broker and store, which forget nothing. A loop that is remembered is three more.
  expect(bench.told('consumer.started').length).toBeGreaterThan(100);
  expect(bench.runner.health().loops).toHaveLength(1);
  expect(count() - before).toBeLessThan(40 * 5);
  await bench.stop();
});
