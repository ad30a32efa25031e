import { Semaphore } from '../../../../libs/mq/src/core/runtime/semaphore.js';
import { TransportError } from '../../../../libs/mq/src/core/transport/transport-error.js';
import type { MessageSource, MqTransport, SubscriptionSpec } from '../../../../libs/mq/src/core/transport/transport.js';
import type { MemoryTransport } from 'nestjs-reliable-mq/testing';
import { consumerBench, type BenchOptions } from './support/consumer-bench.js';

let bench: ReturnType<typeof consumerBench>;
const given = (options?: BenchOptions) => (bench = consumerBench(options));
afterEach(() => bench.stop());

/** The transport with other calls of its sources. */
function withSource(
  transport: MemoryTransport,
  change: (source: MessageSource) => Partial<MessageSource>,
): MqTransport {
  const subscribe = transport.subscribe.bind(transport);
  return Object.assign(transport, {
    subscribe: (spec: SubscriptionSpec) => {
      const source = subscribe(spec);
      return Object.assign(source, change(source));
    },
  });
}

describe('a lease that can be prolonged', () => {
  it('is, while the handler runs, and the handle that counts is the one that acknowledges', async () => {
    let finish = (): void => undefined;
    given({
      profile: 'rich',
      group: { timeoutMs: 600_000 },
      handle: () => new Promise<void>((resolve) => (finish = resolve)),
    });
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(550_000);
    expect(bench.deliveriesOf('m1')).toBe(1);
    finish();
    await bench.clock.whenIdle();
    expect(bench.pending()).toBe(0);
    expect(bench.told('ack.failed')).toEqual([]);
  });

  it('asks for the timeout and twice the margin', async () => {
    const asked: number[] = [];
    given({
      profile: 'rich',
      wrap: (transport) =>
        withSource(transport, (source) => {
          const receive = source.receive.bind(source);
          return { receive: (request, signal) => (asked.push(request.leaseMs), receive(request, signal)) };
        }),
    });
    await bench.start();
    expect(asked).toEqual([50_000]);
  });

  it.each([
    ['the broker says that it is lost', () => Promise.resolve(null), 10_000],
    ['nobody answers until it ends', () => Promise.reject(new TransportError('unknown', 'no answer')), 19_000],
  ] as const)('aborts the signal when %s; what the handler throws then is no failure', async (_, extend, after) => {
    let signal: AbortSignal | undefined;
    given({
      profile: 'rich',
      leaseMs: 20_000,
      group: { timeoutMs: 60_000 },
      wrap: (transport) => withSource(transport, () => ({ extend })),
      handle: (_message, context) =>
        new Promise((_resolve, reject) => {
          ({ signal } = context);
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        }),
    });
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(after - 1);
    expect(signal!.aborted).toBe(false);
    await bench.clock.advance(1);
    expect(signal!.aborted).toBe(true);
    expect(bench.deliveries.errors).toEqual([]);
    expect(bench.told('delivery.released')).toMatchObject([{ reason: 'lease' }]);
  });

  it('is prolonged before the handler starts when most of it went by in the line', async () => {
    const open: (() => void)[] = [];
    given({
      profile: 'rich',
      leaseMs: 20_000,
      group: { timeoutMs: 60_000 },
      topic: { ordered: true },
      handle: () => new Promise<void>((resolve) => open.push(resolve)),
    });
    await bench.publish('m1', { orderingKey: 'a' });
    await bench.publish('m2', { orderingKey: 'a' });
    await bench.start();
    await bench.clock.advance(15_000);
    open.shift()!();
    await bench.clock.advance(15_000);
    open.shift()!();
    await bench.clock.whenIdle();
    expect(bench.told('delivery.handled')).toHaveLength(2);
    expect(bench.pending()).toBe(0);
  });

  it('that ended in the line starts no handler; the next delivery does', async () => {
    const slots = new Semaphore(1);
    given({ profile: 'rich', leaseMs: 20_000, slots });
    await bench.start();
    const release = slots.acquire(new AbortController().signal);
    await bench.publish('m1');
    await bench.clock.advance(20_001);
    (await release)!();
    await bench.clock.whenIdle();
    expect(bench.told('delivery.released')).toMatchObject([{ reason: 'lease', attempt: 1 }]);
    expect(bench.told('delivery.handled')).toMatchObject([{ attempt: 2 }]);
    expect(bench.pending()).toBe(0);
  });
});

describe('a lease that cannot be prolonged', () => {
  it.each([
    [260_000, 1, []],
    [260_001, 0, ['lease']],
  ])('after %d ms in the line, of 300,000 with a timeout of 30,000', async (waitMs, runs, released) => {
    const slots = new Semaphore(1);
    given({ slots });
    await bench.start();
    const release = slots.acquire(new AbortController().signal);
    await bench.publish('m1');
    await bench.clock.advance(waitMs);
    (await release)!();
    await bench.clock.whenIdle();
    expect(bench.handled).toHaveLength(runs);
    expect(bench.told('delivery.released').map(({ reason }) => reason)).toEqual(released);
  });
});
