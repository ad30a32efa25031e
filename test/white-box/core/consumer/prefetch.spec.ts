import type { MessageSource, MqTransport } from '../../../../libs/mq/src/core/transport/transport.js';
import { Semaphore } from '../../../../libs/mq/src/core/runtime/semaphore.js';
import type { MemoryTransport } from 'nestjs-reliable-mq/testing';
import { consumerBench, type BenchOptions } from './support/consumer-bench.js';

const SLOTS = 4;
let bench: ReturnType<typeof consumerBench>;
let asked: number[];
let acknowledged: number[];
/** How long a handler takes. */
let handlerMs: number;

beforeEach(() => {
  asked = [];
  acknowledged = [];
  handlerMs = 10;
});
afterEach(() => bench.stop());

function watched(transport: MemoryTransport): MqTransport {
  const subscribe = transport.subscribe.bind(transport);
  return Object.assign(transport, {
    subscribe: (spec: Parameters<MqTransport['subscribe']>[0]) => {
      const source = subscribe(spec);
      const { receive, ack }: Pick<MessageSource, 'receive' | 'ack'> = source;
      return Object.assign(source, {
        receive: (...args: Parameters<MessageSource['receive']>) => {
          asked.push(args[0].max);
          return receive.apply(source, args);
        },
        ack: (...args: Parameters<MessageSource['ack']>) => {
          acknowledged.push(args[0].length);
          return ack.apply(source, args);
        },
      });
    },
  });
}

async function given(options: BenchOptions = {}): Promise<void> {
  bench = consumerBench({
    wrap: watched,
    handle: () => bench.clock.sleep(handlerMs),
    ...options,
    group: { concurrency: SLOTS, ...options.group },
  });
  await bench.start();
}
async function publish(from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n++) await bench.publish(`m${n}`);
}
/** Lets the group learn how long its handlers take. */
async function oneAfterTheOther(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await publish(1_000 + n, 1);
    await bench.clock.advance(handlerMs);
  }
}
const inHand = (): number => bench.runner.loops().reduce((sum, { inFlight }) => sum + inFlight, 0);

it('keeps a line of messages for handlers that are quick, and fills it up with one request when it is short', async () => {
  await given();
  await oneAfterTheOther(1);
  await publish(0, 100);
  asked.length = 0;
  for (let round = 0; round < 12; round++) {
    await bench.clock.advance(handlerMs);
    expect(inHand()).toBeGreaterThan(SLOTS);
    expect(inHand()).toBeLessThanOrEqual(SLOTS + 16);
  }
  expect(asked).toEqual([12, 12, 12, 12]);
  await bench.clock.advance(1_000);
  expect(bench.pending()).toBe(0);
});

it('keeps none before a handler has ended', async () => {
  await given();
  await publish(0, 20);
  expect(inHand()).toBe(SLOTS);
});

it.each([
  [100, 10],
  [400, 2],
  [1_500, 0],
])('keeps as many as move up in a quarter of a second: of handlers that take %d ms up to %d', async (ms, line) => {
  handlerMs = ms;
  await given();
  await oneAfterTheOther(20);
  await publish(0, 20);
  await bench.clock.advance(handlerMs);
  expect(inHand()).toBeLessThanOrEqual(SLOTS + line);
  expect(inHand() > SLOTS).toBe(line > 0);
});

it('keeps none of a topic whose order is kept: they would hold others back at the broker', async () => {
  await given({ topic: { ordered: true } });
  await oneAfterTheOther(1);
  for (let n = 0; n < 20; n++) await bench.publish(`m${n}`, { orderingKey: `k${n}` });
  expect(inHand()).toBe(SLOTS);
});

it('keeps none where the lease leaves no time for it', async () => {
  // A handler may take 30 s, and 10 s are left for the acknowledgement.
  await given({ leaseMs: 40_100 });
  await oneAfterTheOther(1);
  await publish(0, 20);
  expect(inHand()).toBe(SLOTS);
});

it('keeps none while other groups have all the handlers that may run at once', async () => {
  const slots = new Semaphore(1);
  await given({ slots });
  await oneAfterTheOther(1);
  const release = await slots.acquire(new AbortController().signal);
  await publish(0, 20);
  expect(inHand()).toBe(1);
  release?.();
});

it('keeps none for whoever counts messages', async () => {
  await given();
  bench.runner.keepNoLine();
  await oneAfterTheOther(1);
  await publish(0, 20);
  expect(inHand()).toBe(SLOTS);
});

it('handles the whole line when the process stops', async () => {
  await given();
  await oneAfterTheOther(1);
  await publish(0, 2 * SLOTS + 16);
  await bench.clock.advance(handlerMs);
  const fetched = inHand();
  expect(fetched).toBeGreaterThan(2 * SLOTS);
  const handled = (): number => bench.told('delivery.handled').length;
  const before = handled();
  const drained = bench.drain(20_000);
  await bench.clock.advance(1_000);
  expect(await drained).toEqual({ abandoned: 0 });
  expect(handled() - before).toBe(fetched);
  expect(bench.told('delivery.released')).toEqual([]);
});

describe('acknowledgements', () => {
  it('wait for those of deliveries in progress, for a moment', async () => {
    await given();
    await publish(0, 1);
    await bench.clock.advance(8);
    await publish(1, 1);
    await bench.clock.advance(2);
    expect(acknowledged).toEqual([]);
    await bench.clock.advance(4);
    expect(acknowledged).toEqual([1]);
  });

  it('go together when they come within that moment', async () => {
    await given();
    await publish(0, 3);
    handlerMs = 60_000;
    await publish(3, 1);
    await bench.clock.advance(10);
    await bench.clock.advance(4);
    expect(acknowledged).toEqual([3]);
    await bench.clock.advance(60_000);
  });

  it('wait for nobody when nothing else is in progress', async () => {
    await given();
    await publish(0, 3);
    await bench.clock.advance(10);
    expect(acknowledged).toEqual([3]);
    await publish(3, 1);
    await bench.clock.advance(10);
    expect(acknowledged).toEqual([3, 1]);
  });

  it('wait for nobody where order is kept', async () => {
    await given({ topic: { ordered: true } });
    await bench.publish('m0', { orderingKey: 'k0' });
    handlerMs = 20_000;
    await bench.publish('m1', { orderingKey: 'k1' });
    await bench.clock.advance(10);
    expect(acknowledged).toEqual([1]);
    await bench.clock.advance(20_000);
  });
});
