import { RetryLater } from '../../../../libs/mq/src/core/errors/control-flow.js';
import { consumerBench, handlerOf, type BenchOptions } from './support/consumer-bench.js';

let bench: ReturnType<typeof consumerBench>;
const given = (options?: BenchOptions) => (bench = consumerBench(options));
afterEach(() => bench.stop());

function hanging() {
  let finish = (): void => undefined;
  const signals: AbortSignal[] = [];
  const handle = (_: unknown, { signal }: { signal: AbortSignal }): Promise<void> => {
    signals.push(signal);
    return new Promise((resolve) => (finish = resolve));
  };
  return { handle, signals, finish: () => finish() };
}

it('stopIntake ends the polls in the same turn, and nothing new is fetched', async () => {
  given();
  await bench.start();
  bench.runner.stopIntake();
  await bench.publish('m1');
  expect(bench.deliveriesOf('m1')).toBe(0);
  expect(bench.told('consumer.stopped')).toEqual([{ topic: 'orders', group: 'stock' }]);
  expect(bench.runner.health().running).toBe(false);
});

it('drain waits for handlers and their acknowledgements', async () => {
  const work = hanging();
  given({ handle: work.handle });
  await bench.start();
  await bench.publish('m1');
  let report: unknown = 'waiting';
  void bench.drain(20_000).then((value) => (report = value));
  await bench.clock.advance(10_000);
  expect(report).toBe('waiting');
  bench.broker.pause();
  work.finish();
  await bench.clock.whenIdle();
  expect(report).toBe('waiting');
  bench.broker.resume();
  await bench.clock.whenIdle();
  expect(report).toEqual({ abandoned: 0 });
  expect(bench.pending()).toBe(0);
});

it('drain cuts off what still runs at its deadline: signal, no database, no acknowledgement, no failure', async () => {
  const work = hanging();
  given({ handle: work.handle, group: { timeoutMs: 60_000 } });
  await bench.start();
  await bench.publish('m1');
  const drained = bench.drain(20_000);
  await bench.clock.advance(19_999);
  expect(work.signals[0]!.aborted).toBe(false);
  await bench.clock.advance(1_001);
  expect(work.signals[0]!.aborted).toBe(true);
  expect(await drained).toEqual({ abandoned: 1 });
  expect(bench.deliveries).toMatchObject({ open: 0, effects: [], errors: [] });
  expect(bench.told('delivery.released')).toMatchObject([{ reason: 'shutdown', messageId: 'm1' }]);
  expect(bench.pending()).toBe(1);
});

it('what waits for a slot at the deadline never starts', async () => {
  const work = hanging();
  const runs: string[] = [];
  given({
    options: { maxInFlight: 1 },
    groups: { mail: {} },
    handlers: ['stock', 'mail'].map((group) =>
      handlerOf({
        group,
        name: group,
        invoke: (message, context) => (runs.push(group), work.handle(message, context)),
      }),
    ),
  });
  await bench.start();
  await bench.publish('m1');
  const drained = bench.drain(1_000);
  await bench.clock.advance(3_000);
  expect(await drained).toEqual({ abandoned: 2 });
  expect(runs).toHaveLength(1);
  expect(bench.told('delivery.released').map(({ reason }) => reason)).toEqual(['shutdown', 'shutdown']);
});

it('what is held in memory returns with its lease', async () => {
  given({ handle: () => Promise.reject(new RetryLater('20s')) });
  await bench.start();
  await bench.publish('m1');
  expect(bench.runner.health().held).toBe(1);
  expect(await bench.drain(60_000)).toEqual({ abandoned: 0 });
  expect(bench.told('delivery.released')).toMatchObject([{ reason: 'shutdown' }]);
  await bench.clock.advance(60_000);
  expect(bench.handled).toHaveLength(1);
  expect(bench.runner.health().held).toBe(0);
});

it('a failure during the drain is not held', async () => {
  const work = hanging();
  given({
    handle: async (message, context) => work.handle(message, context).then(() => Promise.reject(new Error('x'))),
  });
  await bench.start();
  await bench.publish('m1');
  const drained = bench.drain(20_000);
  work.finish();
  await drained;
  expect(bench.told('delivery.failed')).toMatchObject([{ retryInMs: null }]);
  expect(bench.runner.health().held).toBe(0);
});

it('where the broker takes a delay, what is cut off is free for others at once', async () => {
  const work = hanging();
  given({ profile: 'rich', handle: work.handle });
  await bench.start();
  await bench.publish('m1');
  const drained = bench.drain(1_000);
  await bench.clock.advance(2_500);
  await drained;
  const [entry] = bench.broker.group('shop_orders', 'GID_stock', null).pending;
  expect(entry).toMatchObject({ state: 'ready' });
});

it('can be started again afterwards', async () => {
  given();
  await bench.start();
  await bench.drain(1_000);
  await bench.start();
  await bench.publish('m1');
  expect(bench.deliveries.effects).toEqual(['m1']);
});

it('starting while a drain is under way waits for it', async () => {
  const work = hanging();
  given({ handle: work.handle });
  await bench.start();
  await bench.publish('m1');
  void bench.drain(20_000);
  const started = bench.start();
  work.finish();
  await bench.clock.whenIdle();
  await started;
  expect(bench.runner.health().running).toBe(true);
});

it('draining what never started is nothing to wait for', async () => {
  given();
  await expect(bench.drain(1_000)).resolves.toEqual({ abandoned: 0 });
});
