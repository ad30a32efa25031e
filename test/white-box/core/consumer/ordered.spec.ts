import { PermanentError } from '../../../../libs/mq/src/core/errors/control-flow.js';
import { consumerBench, type BenchOptions } from './support/consumer-bench.js';

let bench: ReturnType<typeof consumerBench>;
const given = (options: BenchOptions = {}) =>
  (bench = consumerBench({ topic: { ordered: true }, group: { timeoutMs: 10_000, concurrency: 8 }, ...options }));
afterEach(() => bench.stop());

const ids = (): string[] => bench.handled.map(({ id }) => id);

it('handles the messages of one key one after another, as they came, and other keys beside them', async () => {
  const open: (() => void)[] = [];
  given({ handle: () => new Promise<void>((resolve) => open.push(resolve)) });
  for (const id of ['a1', 'a2', 'b1', 'a3', 'b2']) await bench.publish(id, { orderingKey: id[0]! });
  await bench.start();
  expect(ids()).toEqual(['a1', 'b1']);
  open.shift()!();
  await bench.clock.whenIdle();
  expect(ids()).toEqual(['a1', 'b1', 'a2']);
  while (open.length > 0) {
    open.shift()!();
    await bench.clock.whenIdle();
  }
  expect(ids().filter((id) => id.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  expect(ids().filter((id) => id.startsWith('b'))).toEqual(['b1', 'b2']);
  expect(bench.pending()).toBe(0);
});

it('leaves the rest of a key to the broker when one of it fails, and goes on with other keys', async () => {
  let broken = true;
  given({
    handle: ({ id }) => {
      if (broken && id === 'a1') throw new Error('x');
    },
  });
  for (const id of ['a1', 'a2', 'b1', 'a3']) await bench.publish(id, { orderingKey: id[0]! });
  await bench.start();
  expect(ids()).toEqual(['a1', 'b1']);
  expect(bench.told('delivery.released')).toMatchObject([
    { messageId: 'a2', reason: 'order' },
    { messageId: 'a3', reason: 'order' },
  ]);
  expect(bench.runner.health().inFlight).toBe(0);
  broken = false;
  await bench.clock.advance(120_000);
  expect(ids()).toEqual(['a1', 'b1', 'a1', 'a2', 'a3']);
  expect(bench.pending()).toBe(0);
});

it('leaves all of the rest at once, so that a broker that does not answer keeps their slots for one timeout only', async () => {
  let asked = 0;
  given({
    profile: 'rich',
    wrap: (transport) => {
      const subscribe = transport.subscribe.bind(transport);
      return Object.assign(transport, {
        subscribe: (spec: Parameters<typeof subscribe>[0]) => {
          const source = subscribe(spec);
          source.retryIn = async (_delivery, _ms, _signal, untried) => {
            if (untried) asked += 1;
            if (untried) await bench.clock.sleep(5_000);
            return 'unknown';
          };
          return source;
        },
      });
    },
    handle: () => {
      throw new Error('x');
    },
  });
  for (const id of ['a1', 'a2', 'a3', 'a4']) await bench.publish(id, { orderingKey: 'a' });
  await bench.start();
  expect(asked).toBe(3);
});

it('goes on behind a message that was parked', async () => {
  given({
    handle: ({ id }) => {
      if (id === 'a1') throw new PermanentError('x');
    },
  });
  for (const id of ['a1', 'a2']) await bench.publish(id, { orderingKey: 'a' });
  await bench.start();
  expect(ids()).toEqual(['a1', 'a2']);
  expect(bench.pending()).toBe(0);
});

it('runs messages of an unordered topic side by side, whatever their key', async () => {
  given({ topic: {}, handle: () => new Promise(() => undefined) });
  for (const id of ['a1', 'a2', 'a3']) await bench.publish(id, { orderingKey: 'a' });
  await bench.start();
  expect(ids()).toEqual(['a1', 'a2', 'a3']);
});

it('gives back at once what waits behind a failed message, where the broker takes that: it comes with the retry', async () => {
  let broken = true;
  given({
    profile: 'rich',
    group: { timeoutMs: 10_000, concurrency: 8, backoff: () => 1_000 },
    handle: ({ id }) => {
      if (broken && id === 'a1') throw new Error('x');
    },
  });
  for (const id of ['a1', 'a2', 'a3']) await bench.publish(id, { orderingKey: 'a' });
  await bench.start();
  expect(ids()).toEqual(['a1']);
  broken = false;
  await bench.clock.advance(1_000);
  expect(ids()).toEqual(['a1', 'a1', 'a2', 'a3']);
  expect(bench.pending()).toBe(0);
});

it('gives each message of a key its own attempts, however often the broker delivered it behind another', async () => {
  const failing = new Set(['a1', 'a2']);
  given({
    profile: 'rich',
    group: { timeoutMs: 10_000, concurrency: 8, maxAttempts: 3, backoff: () => 1_000 },
    handle: ({ id }) => {
      if (failing.has(id)) throw new Error('x');
    },
  });
  for (const id of ['a1', 'a2']) await bench.publish(id, { orderingKey: 'a' });
  await bench.start();
  for (let second = 0; second < 10; second += 1) await bench.clock.advance(1_000);
  expect(ids()).toEqual(['a1', 'a1', 'a1', 'a2', 'a2', 'a2']);
  expect(bench.told('delivery.parked')).toMatchObject([{ messageId: 'a1' }, { messageId: 'a2' }]);
});
