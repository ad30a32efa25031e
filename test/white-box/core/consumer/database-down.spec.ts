import { consumerBench, type BenchOptions } from './support/consumer-bench.js';

let bench: ReturnType<typeof consumerBench>;
const given = (options?: BenchOptions) => (bench = consumerBench(options));
afterEach(() => bench.stop());

describe.each(['begin', 'enter'] as const)('a database that fails at %s', (step) => {
  it('holds nothing against the message, which runs as soon as it is back', async () => {
    given();
    bench.deliveries.fail(step);
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.errors).toEqual([]);
    expect(bench.told('delivery.failed')).toEqual([]);
    expect(bench.pending()).toBe(1);
    await bench.clock.advance(5_000);
    expect(bench.told('delivery.handled')).toMatchObject([{ attempt: 1 }]);
    expect(bench.pending()).toBe(0);
  });

  it('stops the polls until it answers, so that no deliveries are burnt', async () => {
    given({ handle: () => undefined });
    bench.deliveries.fail(step, { times: Number.POSITIVE_INFINITY });
    await bench.start();
    await bench.publish('m1');
    expect(bench.runner.health()).toMatchObject({
      loops: [{ state: 'database' }],
      down: [expect.stringContaining('database')],
    });
    bench.deliveries.fail('probe', { error: new Error('still down'), times: Number.POSITIVE_INFINITY });
    await bench.publish('m2');
    await bench.clock.advance(600_000);
    const [first, second] = ['m1', 'm2'].map((id) =>
      bench.transport.broker.sent.find((m) => m.properties['mq-id'] === id)!,
    );
    expect([first, second]).not.toContain(undefined);
    expect(bench.told('delivery.failed')).toEqual([]);
    expect(bench.deliveriesOf('m2')).toBe(0);
    expect(bench.deliveriesOf('m1')).toBe(1);
    bench.deliveries.heal();
    await bench.clock.advance(400_000);
    expect(bench.pending()).toBe(0);
    expect(bench.runner.health().down).toEqual([]);
  });
});

it('a database that answers but does not write gets a single message to try with', async () => {
  given({ group: { concurrency: 10 } });
  await bench.start();
  bench.deliveries.fail('enter', { times: Number.POSITIVE_INFINITY });
  await bench.publish('m1');
  for (let i = 0; i < 10; i++) await bench.publish(`n${i}`);
  await bench.clock.advance(600);
  const tried = Array.from({ length: 10 }, (_, i) => bench.deliveriesOf(`n${i}`)).filter((count) => count > 0);
  expect(tried).toEqual([1]);
  bench.deliveries.heal();
  await bench.clock.advance(600_000);
  expect(bench.pending()).toBe(0);
});

it.each([true, false])('a group is back at full pace afterwards (inbox: %s)', async (inbox) => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const running = new Set<string>();
  given({
    profile: 'rich',
    group: { inbox, concurrency: 4 },
    handle: async ({ id }) => {
      const again = running.has(id);
      running.add(id);
      if (id !== 'm1') await gate;
      else if (!again) throw new Error('once');
    },
  });
  // The second delivery's failures cannot be looked up: the circuit opens.
  bench.deliveries.fail('failures');
  await bench.start();
  await bench.publish('m1');
  await bench.clock.advance(400_000);
  expect(bench.told('loop.failed')).not.toEqual([]);
  for (let i = 0; i < 4; i++) await bench.publish(`n${i}`);
  await bench.clock.advance(1_000);
  expect([...running].filter((id) => id !== 'm1')).toHaveLength(4);
  release();
  await bench.clock.advance(1_000);
});

it('a failure count that cannot be looked up pauses the polls too', async () => {
  given();
  bench.deliveries.contend();
  await bench.start();
  await bench.publish('m1');
  bench.deliveries.fail('failures');
  await bench.clock.advance(300_000);
  expect(bench.told('loop.failed')).toMatchObject([
    { loop: 'consumer:database', error: { code: 'MQ_DATABASE_UNAVAILABLE' } },
  ]);
  await bench.clock.advance(5_000);
  expect(bench.told('delivery.handled')).toHaveLength(1);
});

it('a delivery that does not fit into its lease again is left to the broker', async () => {
  given({ group: { timeoutMs: 240_000 } });
  bench.deliveries.fail('begin');
  await bench.start();
  await bench.publish('m1');
  expect(bench.told('delivery.released')).toMatchObject([{ reason: 'database' }]);
  await bench.clock.advance(300_000);
  expect(bench.deliveries.effects).toEqual(['m1']);
});
