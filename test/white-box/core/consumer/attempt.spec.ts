import type { MqMessage } from '../../../../libs/mq/src/core/message/message.js';
import { Semaphore } from '../../../../libs/mq/src/core/runtime/semaphore.js';
import type { DeliveryContext } from '../../../../libs/mq/src/core/consumer/handlers/handler.js';
import { consumerBench, type BenchOptions, type Handle } from './support/consumer-bench.js';

let bench: ReturnType<typeof consumerBench>;
const given = (options?: BenchOptions) => (bench = consumerBench(options));
afterEach(() => bench.stop());

const forever = (): Promise<void> => new Promise(() => undefined);

/** A promise and its end. */
function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

describe('a transaction that is none any more', () => {
  it.each([
    ['says that the inbox row is not there', (b: typeof bench) => void (b.deliveries.finishAnswer = false)],
    ['fails', (b: typeof bench) => b.deliveries.fail('finish')],
  ])('is a failed attempt when finishing it %s: rolled back and not acknowledged', async (_, arrange) => {
    given();
    arrange(bench);
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.effects).toEqual([]);
    expect(bench.told('delivery.handled')).toEqual([]);
    expect(bench.told('delivery.failed')).toMatchObject([{ error: { code: 'MQ_HANDLER_FAILED' } }]);
    expect(bench.pending()).toBe(1);
  });

  it('is a failed attempt when its COMMIT fails, and a duplicate afterwards if it had happened', async () => {
    given();
    bench.deliveries.fail('commit');
    await bench.start();
    await bench.publish('m1');
    expect(bench.told('delivery.failed')).toHaveLength(1);
    expect(bench.pending()).toBe(1);
    bench.deliveries.rows.set('GID_stock/m1', 'handled');
    await bench.clock.advance(10_000);
    expect(bench.handled).toHaveLength(1);
    expect(bench.pending()).toBe(0);
  });
});

describe('a handler that does not return in time', () => {
  it('is told by its signal, cut off from the database, rolled back, and counted as failed', async () => {
    let context: DeliveryContext<Handle> | undefined;
    given({ handle: (_: MqMessage, given) => ((context = given), forever()) });
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(29_999);
    expect(context!.signal.aborted).toBe(false);
    await bench.clock.advance(1);
    expect(context!.signal.aborted).toBe(true);
    expect(() => bench.deliveries.write(context!.manager, 'late')).toThrow();
    expect(bench.deliveries.open).toBe(0);
    expect(bench.runner.health().inFlight).toBe(0);
    expect(bench.deliveries.errors).toMatchObject([{ errorCode: 'MQ_HANDLER_TIMEOUT', attempt: 1 }]);
    expect(bench.pending()).toBe(1);
  });

  it('does not complete its transaction when it returns after all', async () => {
    const gate = deferred();
    given({ topic: { settleOn: { group: 'stock', withinMs: 1 } }, handle: () => gate.promise });
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(30_000);
    gate.resolve();
    await bench.clock.whenIdle();
    expect(bench.deliveries.calls).not.toContain('settle');
    expect(bench.deliveries.calls).not.toContain('finish');
  });

  it('is counted as stuck when it ignores its signal, until it comes back; after five minutes a restart is asked for', async () => {
    const gate = deferred();
    given({ group: { maxAttempts: 1 }, handle: () => gate.promise });
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(30_999);
    expect(bench.runner.health()).toMatchObject({ stuckHandlers: 0, down: [] });
    await bench.clock.advance(1);
    const sentence = expect.stringContaining('1 handler did not come back');
    expect(bench.runner.health()).toMatchObject({ stuckHandlers: 1, down: [], degraded: [sentence] });
    await bench.clock.advance(300_000 - 1_001);
    expect(bench.runner.health()).toMatchObject({ down: [] });
    await bench.clock.advance(1);
    expect(bench.runner.health()).toMatchObject({ stuckHandlers: 1, down: [sentence], degraded: [] });
    expect(bench.told('handler.stuck')).toEqual([{ topic: 'orders', group: 'stock', messageId: 'm1' }]);
    gate.resolve();
    await bench.clock.whenIdle();
    expect(bench.runner.health().stuckHandlers).toBe(0);
    expect(bench.told('handler.unstuck')).toHaveLength(1);
  });

  it('is not stuck when it notices its signal', async () => {
    given({
      handle: (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(35_000);
    expect(bench.told('handler.stuck')).toEqual([]);
    expect(bench.deliveries.errors).toMatchObject([{ errorCode: 'MQ_HANDLER_TIMEOUT' }]);
  });

  it('has no timer left that could fire into the COMMIT', async () => {
    const commit = deferred();
    given();
    const { transact } = bench.deliveries;
    let aborted: boolean | undefined;
    let signal: AbortSignal | undefined;
    bench.deliveries.transact = async (options, work) => {
      const result = await transact.call(bench.deliveries, options, work);
      await commit.promise;
      aborted = signal!.aborted;
      return result as never;
    };
    await bench.start([
      { ...bench.registry().handlers[0]!, invoke: async (_, context) => void (signal = context.signal) },
    ]);
    await bench.publish('m1');
    await bench.clock.advance(60_000);
    commit.resolve();
    await bench.clock.whenIdle();
    expect(aborted).toBe(false);
    expect(bench.told('delivery.handled')).toHaveLength(1);
  });
});

describe('the number of the attempt', () => {
  const failOnce = (bench: ReturnType<typeof consumerBench>): void => {
    bench.deliveries.errors.push({ groupId: 'GID_stock', messageId: 'm1' } as never);
  };

  it('needs no lookup at the first delivery', async () => {
    given();
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.calls).not.toContain('failures');
  });

  it.each([
    ['the recorded failures + 1', 5, 6],
    ['the count of the broker', 0, 2],
  ])('is, on redelivery, the larger of both: %s', async (_, recorded, attempt) => {
    given();
    bench.deliveries.contend();
    for (let i = 0; i < recorded; i++) failOnce(bench);
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(300_000);
    expect(bench.deliveries.calls).toContain('failures');
    expect(bench.told('delivery.handled')).toMatchObject([{ attempt }]);
  });

  it.each([
    ['maxAttempts recorded failures', 3, 2, 0],
    ['one less', 2, 2, 1],
  ])('parks without running after %s', async (_, recorded, __, runs) => {
    given({ group: { maxAttempts: 3 } });
    bench.deliveries.contend();
    for (let i = 0; i < recorded; i++) failOnce(bench);
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(300_000);
    expect(bench.handled).toHaveLength(runs);
    expect(bench.told('delivery.parked')).toHaveLength(1 - runs);
    expect(bench.pending()).toBe(0);
  });

  it('parks without running after maxAttempts + 10 deliveries that nobody recorded, and not before', async () => {
    given({ group: { maxAttempts: 3 } });
    bench.deliveries.contend(12);
    await bench.start();
    await bench.publish('m1');
    for (let i = 0; i < 11; i++) await bench.clock.advance(300_000);
    expect(bench.told('delivery.released')).toHaveLength(12);
    expect(bench.told('delivery.parked')).toEqual([]);
    await bench.clock.advance(300_000);
    expect(bench.told('delivery.parked')).toMatchObject([{ attempt: 13 }]);
    expect(bench.handled).toEqual([]);
  });
});

describe('a copy that is being handled elsewhere', () => {
  it('is left to the broker: no acknowledgement, no count, no pause', async () => {
    given();
    bench.deliveries.contend();
    await bench.start();
    await bench.publish('m1');
    expect(bench.told('delivery.released')).toMatchObject([{ reason: 'contention' }]);
    expect(bench.deliveries.errors).toEqual([]);
    expect(bench.pending()).toBe(1);
    await bench.publish('m2');
    expect(bench.deliveries.effects).toEqual(['m2']);
    expect(bench.runner.health().held).toBe(0);
  });

  it('is waited for no longer than leaves the lease its timeout and 10 s', async () => {
    given();
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.lockWaits).toEqual([300_000 - 30_000 - 10_000]);
  });

  it('whose wait used up the lease does not start its handler', async () => {
    given();
    const { transact } = bench.deliveries;
    bench.deliveries.transact = (options, work) =>
      transact.call(bench.deliveries, options, async (tx) => {
        const enterInbox = tx.enterInbox.bind(tx);
        const slow = Object.assign(tx, {
          enterInbox: async (...args: Parameters<typeof enterInbox>) => {
            await bench.clock.sleep(260_001);
            return enterInbox(...args);
          },
        });
        return work(slow);
      }) as never;
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(260_001);
    expect(bench.handled).toEqual([]);
    expect(bench.told('delivery.released')).toMatchObject([{ reason: 'lease' }]);
    expect(bench.deliveries.rows.size).toBe(0);
  });
});

describe('two copies of a message, delivered at once', () => {
  it('have one effect: the second waits for the first, and is a duplicate', async () => {
    const gate = deferred();
    given({
      handle: async ({ id }, { manager }) => {
        bench.deliveries.write(manager, id);
        await gate.promise;
      },
    });
    await bench.start();
    await bench.publish('m1');
    await bench.publish('m1');
    expect(bench.deliveries.open).toBe(2);
    expect(bench.handled).toHaveLength(1);
    gate.resolve();
    await bench.clock.whenIdle();
    expect(bench.deliveries.effects).toEqual(['m1']);
    expect(bench.told('delivery.duplicate')).toHaveLength(1);
    expect(bench.pending()).toBe(0);
  });

  it('have one effect when the first fails: the second takes over', async () => {
    const gate = deferred();
    let runs = 0;
    given({
      handle: async ({ id }, { manager }) => {
        bench.deliveries.write(manager, id);
        if (++runs > 1) return;
        await gate.promise;
        throw new Error('x');
      },
    });
    await bench.start();
    await bench.publish('m1');
    await bench.publish('m1');
    gate.resolve();
    await bench.clock.advance(10_000);
    expect(bench.deliveries.effects).toEqual(['m1']);
    expect(bench.pending()).toBe(0);
  });
});

describe('a group without inbox', () => {
  it('works without a transaction; failures are recorded, parking writes no inbox row', async () => {
    let runs = 0;
    given({
      group: { inbox: false, maxAttempts: 2 },
      handle: (_, { manager }) => {
        bench.deliveries.write(manager, `run ${++runs}`);
        throw new Error('x');
      },
    });
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(10_000);
    expect(bench.deliveries.calls).toEqual(['recordFailure', 'park']);
    expect(bench.deliveries.effects).toEqual(['run 1', 'run 2']);
    expect(bench.deliveries.rows.size).toBe(0);
    expect(bench.deliveries.errors).toMatchObject([{ parked: false }, { parked: true, payload: '{"id":"m1"}' }]);
    expect(bench.pending()).toBe(0);
  });

  it('starts no handler that does not fit into its lease', async () => {
    const slots = new Semaphore(1);
    given({ slots, group: { inbox: false } });
    await bench.start();
    const release = slots.acquire(new AbortController().signal);
    await bench.publish('m1');
    await bench.clock.advance(260_001);
    (await release)!();
    await bench.clock.whenIdle();
    expect(bench.handled).toEqual([]);
    expect(bench.told('delivery.released')).toMatchObject([{ reason: 'lease' }]);
  });
});
