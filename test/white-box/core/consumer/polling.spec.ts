import { Semaphore } from '../../../../libs/mq/src/core/runtime/semaphore.js';
import { TransportError } from '../../../../libs/mq/src/core/transport/transport-error.js';
import type { Delivery, MessageSource, MqTransport } from '../../../../libs/mq/src/core/transport/transport.js';
import type { MqMessage } from 'nestjs-reliable-mq';
import type { MemoryTransport } from 'nestjs-reliable-mq/testing';
import { consumerBench, handlerOf, type BenchOptions } from './support/consumer-bench.js';

let bench: ReturnType<typeof consumerBench>;
const given = (options?: BenchOptions) => (bench = consumerBench(options));
afterEach(() => bench.stop());

/** A handler whose runs end when the test says so. */
function gated() {
  const open: (() => void)[] = [];
  let most = 0;
  const handle = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      open.push(resolve);
      most = Math.max(most, open.length);
    });
  };
  return {
    handle,
    get running() {
      return open.length;
    },
    get most() {
      return most;
    },
    finish: (): void => open.shift()?.(),
    finishAll: (): void => open.splice(0).forEach((resolve) => resolve()),
  };
}

/** The transport with another `receive`; everything else of its sources stays. */
function receiving(
  transport: MemoryTransport,
  receive: (source: MessageSource, ...args: Parameters<MessageSource['receive']>) => Promise<Delivery[]>,
): MqTransport {
  const subscribe = transport.subscribe.bind(transport);
  return Object.assign(transport, {
    subscribe: (spec: Parameters<MqTransport['subscribe']>[0]) => {
      const source = subscribe(spec);
      const original = source.receive.bind(source);
      source.receive = (...args) => receive({ ...source, receive: original }, ...args);
      return source;
    },
  });
}

/** The transport with sources that poll ahead. */
function resting(transport: MemoryTransport, rest: () => Promise<void>): MqTransport {
  const subscribe = transport.subscribe.bind(transport);
  return Object.assign(transport, {
    subscribe: (spec: Parameters<MqTransport['subscribe']>[0]) => Object.assign(subscribe(spec), { rest }),
  });
}

describe('a poll', () => {
  it('asks for as many messages as there are slots, and not at all without one', async () => {
    const work = gated();
    const asked: number[] = [];
    given({
      group: { concurrency: 3 },
      handle: work.handle,
      wrap: (transport) =>
        receiving(transport, (source, request, signal) => {
          asked.push(request.max);
          return source.receive(request, signal);
        }),
    });
    await bench.start();
    await bench.publish('m1');
    await bench.publish('m2');
    expect(asked).toEqual([3, 2, 1]);
    await bench.publish('m3');
    await bench.publish('m4');
    expect(asked).toEqual([3, 2, 1]);
    expect(bench.deliveriesOf('m4')).toBe(0);
    expect(bench.runner.health().loops).toMatchObject([{ state: 'full' }]);
    // Too slow for a line of messages that wait here.
    await bench.clock.advance(5_000);
    work.finish();
    await bench.clock.whenIdle();
    expect(asked).toEqual([3, 2, 1, 1]);
    work.finishAll();
    await bench.clock.whenIdle();
    work.finishAll();
  });

  it('never asks for more than the broker gives at once', async () => {
    const asked: unknown[] = [];
    given({
      group: { concurrency: 100 },
      options: { maxInFlight: 100 },
      wrap: (transport) =>
        receiving(transport, (source, request, signal) => {
          asked.push(request);
          return source.receive(request, signal);
        }),
    });
    await bench.start();
    expect(asked).toEqual([{ max: 16, waitMs: 30_000, leaseMs: 300_000 }]);
  });

  it.each([
    ['unavailable', 1_000, 'MQ_BROKER_UNAVAILABLE'],
    ['unknown', 1_000, 'MQ_BROKER_UNAVAILABLE'],
    ['auth', 10_000, 'MQ_BROKER_AUTH'],
    ['not-found', 10_000, 'MQ_BROKER_REJECTED'],
  ] as const)('that fails with %s is tried again after %d ms', async (kind, pause, code) => {
    let polls = 0;
    given({
      wrap: (transport) =>
        receiving(transport, (source, request, signal) => {
          if (++polls === 1) return Promise.reject(new TransportError(kind, 'no'));
          return source.receive(request, signal);
        }),
    });
    await bench.start();
    expect(bench.told('loop.failed')).toMatchObject([{ loop: 'consumer:orders/stock', error: { code } }]);
    expect(bench.runner.health()).toMatchObject({
      degraded: [expect.stringContaining(code)],
      loops: [{ state: 'backing-off', lastPolledAt: null, error: { code } }],
    });
    await bench.clock.advance(pause - 1);
    expect(polls).toBe(1);
    await bench.clock.advance(1);
    expect(polls).toBe(2);
    await bench.publish('m1');
    expect(bench.handled).toHaveLength(1);
    expect(bench.runner.health()).toMatchObject({
      degraded: [],
      loops: [{ error: null, lastPolledAt: expect.any(Date) }],
    });
  });

  it('that comes back empty at once does not spin', async () => {
    let polls = 0;
    given({ wrap: (transport) => receiving(transport, () => (polls++, Promise.resolve([]))) });
    await bench.start();
    await bench.clock.advance(1_000);
    expect(polls).toBeLessThan(25);
  });

  it('that was told to end and brings messages all the same has them handled', async () => {
    let deliver = (): void => undefined;
    given({
      wrap: (transport) =>
        receiving(transport, async (source, request, signal) => {
          const batch = await source.receive(request, new AbortController().signal);
          if (!signal.aborted) await new Promise<void>((resolve) => (deliver = resolve));
          return batch;
        }),
    });
    await bench.start();
    await bench.publish('m1');
    bench.runner.stopIntake();
    const drained = bench.drain(20_000);
    deliver();
    await bench.clock.whenIdle();
    expect(await drained).toEqual({ abandoned: 0 });
    expect(bench.deliveries.effects).toEqual(['m1']);
    expect(bench.pending()).toBe(0);
  });
});

describe('slots', () => {
  it('of all groups together are maxInFlight, first come, first served', async () => {
    const work = gated();
    given({
      options: { maxInFlight: 3 },
      groups: { mail: {} },
      handlers: ['stock', 'mail'].map((group) => handlerOf({ group, name: group, invoke: work.handle })),
    });
    await bench.start();
    for (let i = 0; i < 8; i++) await bench.publish(`m${i}`);
    expect(work.running).toBe(3);
    expect(bench.runner.health().inFlight).toBe(3);
    for (let i = 0; i < 20; i++) {
      work.finish();
      await bench.clock.whenIdle();
    }
    expect(work.most).toBe(3);
    expect([bench.pending('stock'), bench.pending('mail')]).toEqual([0, 0]);
  });

  it('can be shared by several connections', async () => {
    const work = gated();
    const slots = new Semaphore(1);
    given({ slots, handle: work.handle });
    const other = consumerBench({ slots, handle: work.handle });
    await bench.start();
    await other.start();
    await bench.publish('m1');
    await other.publish('m2');
    expect(work.running).toBe(1);
    work.finish();
    await bench.clock.whenIdle();
    expect(work.running).toBe(1);
    work.finish();
    await other.clock.whenIdle();
    await other.stop();
  });

  it('of a group can be changed while it runs', async () => {
    const work = gated();
    given({ group: { concurrency: 1 }, handle: work.handle });
    await bench.start();
    for (let i = 0; i < 6; i++) await bench.publish(`m${i}`);
    expect(work.running).toBe(1);
    bench.runner.setConcurrency('stock', 4);
    await bench.clock.whenIdle();
    expect(work.running).toBe(4);
    bench.runner.setConcurrency('stock', 1);
    work.finish();
    await bench.clock.whenIdle();
    expect(work.running).toBe(3);
    work.finishAll();
    await bench.clock.whenIdle();
    expect(work.running).toBe(1);
    work.finishAll();
  });

  it.each([0, -1, 1.5, Number.NaN])('of a group cannot be %p', (concurrency) => {
    given();
    expect(() => bench.runner.setConcurrency('stock', concurrency)).toThrow(
      expect.objectContaining({ code: 'MQ_CONFIG_INVALID' }),
    );
  });
});

describe('a pause', () => {
  it('keeps new messages away until the group is resumed; what was fetched is finished', async () => {
    const work = gated();
    given({ handle: work.handle });
    await bench.start();
    await bench.publish('m1');
    bench.runner.pause('stock');
    await bench.publish('m2');
    await bench.clock.advance(25_000);
    expect(bench.deliveriesOf('m2')).toBe(0);
    expect(bench.runner.health()).toMatchObject({ loops: [{ state: 'paused' }], down: [], degraded: [] });
    bench.runner.resume('stock');
    await bench.clock.whenIdle();
    expect(bench.deliveriesOf('m2')).toBe(1);
    work.finishAll();
  });

  it('has the source give back what it polled ahead: also when nobody waits for a poll, for whatever reason polls pause', async () => {
    const work = gated();
    let rests = 0;
    given({
      group: { concurrency: 1 },
      handle: work.handle,
      wrap: (transport) => resting(transport, () => (rests++, Promise.reject(new Error('no')))),
    });
    await bench.start();
    await bench.publish('m1');
    expect(bench.runner.health().loops).toMatchObject([{ state: 'full' }]);
    bench.runner.pause('stock');
    work.finish();
    await bench.clock.whenIdle();
    expect(rests).toBe(1);
    bench.runner.resume('stock');
    bench.deliveries.fail('begin', { times: Infinity });
    bench.deliveries.fail('probe', { times: Infinity });
    await bench.publish('m2');
    expect(bench.runner.health().loops).toMatchObject([{ state: 'database' }]);
    expect(rests).toBe(2);
    bench.runner.stopIntake();
    await bench.clock.whenIdle();
    expect(rests).toBe(3);
  });

  it('of one group leaves the others alone', async () => {
    given({
      groups: { mail: {} },
      handlers: ['stock', 'mail'].map((group) => handlerOf({ group, name: group })),
    });
    await bench.start();
    bench.runner.pause('stock');
    await bench.publish('m1');
    expect([bench.pending('stock'), bench.pending('mail')]).toEqual([1, 0]);
  });

  it('of a group that nobody configured is refused, with the names of those that are', () => {
    given();
    for (const call of ['pause', 'resume'] as const)
      expect(() => bench.runner[call]('nope')).toThrow(
        expect.objectContaining({ code: 'MQ_UNKNOWN_GROUP', message: expect.stringContaining('stock') }),
      );
  });
});

describe('handlers that are found later', () => {
  it('get a loop of their own, or take their share of one that runs', async () => {
    const seen: string[] = [];
    const by = (name: string, tags: string[] | null, group = 'stock') =>
      handlerOf({
        name,
        tags,
        group,
        invoke: async (message) => void seen.push(`${name} ${(message as MqMessage).id}`),
      });
    given({ groups: { mail: {} } });
    const first = by('first', ['a']);
    await bench.start([first]);
    await bench.start([first, by('second', ['b']), by('mail', null, 'mail')]);
    await bench.publish('m1', { tag: 'a' });
    await bench.publish('m2', { tag: 'b' });
    expect(seen.toSorted()).toEqual(['first m1', 'mail m1', 'mail m2', 'second m2']);
    expect(bench.runner.health().loops.map(({ group }) => group)).toEqual(['stock', 'mail']);
    expect(bench.told('consumer.started')).toHaveLength(3);
    expect(bench.told('consumer.stopped')).toHaveLength(1);
  });
});
