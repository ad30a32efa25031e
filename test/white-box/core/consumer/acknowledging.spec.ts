import type { Delivery, MqTransport, Settlement } from '../../../../libs/mq/src/core/transport/transport.js';
import { AckBatcher } from '../../../../libs/mq/src/core/consumer/lease/ack-batcher.js';
import { MqEvents } from '../../../../libs/mq/src/core/events/event-bus.js';
import { TransportError } from '../../../../libs/mq/src/core/transport/transport-error.js';
import { ManualClock } from 'nestjs-reliable-mq/testing';
import { consumerBench } from './support/consumer-bench.js';

function given(answer: (batch: readonly Delivery[]) => Promise<Settlement[]>, max = 16) {
  const clock = new ManualClock();
  const events = new MqEvents();
  const told: unknown[] = [];
  events.onAny((name, event) => told.push({ name, ...event }));
  const batches: number[] = [];
  const source = {
    receive: () => Promise.resolve([]),
    close: () => Promise.resolve(),
    ack: (batch: readonly Delivery[]) => {
      batches.push(batch.length);
      return answer(batch);
    },
  };
  const stop = new AbortController();
  const acks = new AckBatcher(source, max, { topic: 'orders', group: 'stock' }, clock, events, stop.signal);
  return { acks, clock, told, batches, stop };
}

const delivery = (leaseEndsAt = 300_000): Delivery => ({
  message: {} as never,
  deliveryCount: 1,
  leaseEndsAt,
  handle: {},
});
const all = (settlement: Settlement) => (batch: readonly Delivery[]) => Promise.resolve(batch.map(() => settlement));

it('acknowledges together what was committed while a call was under way, never more than the broker takes', async () => {
  let answer = (): void => undefined;
  const { acks, batches, clock } = given(async (batch) => {
    if (batch.length === 1) await new Promise<void>((resolve) => (answer = resolve));
    return batch.map(() => 'done');
  }, 3);
  void acks.ack(delivery());
  await clock.whenIdle();
  for (let i = 0; i < 5; i++) void acks.ack(delivery());
  answer();
  await acks.whenIdle();
  expect(batches).toEqual([1, 3, 2]);
});

it('does not hold up those of one server for another that does not answer', async () => {
  const byServer: Record<string, number> = {};
  const { acks, batches, clock, stop } = given(async (batch) => {
    const [server] = new Set(batch.map((each) => each.server));
    byServer[server!] = (byServer[server!] ?? 0) + batch.length;
    return server === 'frozen' ? new Promise(() => undefined) : all('done')(batch);
  });
  const at = (server: string): Delivery => ({ ...delivery(), server });
  void acks.ack(at('frozen'));
  await clock.whenIdle();
  void acks.ack(at('frozen'));
  expect(await Promise.all([acks.ack(at('healthy')), acks.ack(at('healthy'))])).toEqual(['done', 'done']);
  expect(await acks.ack(at('healthy'))).toBe('done');
  expect(batches).toEqual([1, 2, 1]);
  expect(byServer).toEqual({ frozen: 1, healthy: 3 });
  stop.abort();
});

it('keeps the server of a delivery until it is acknowledged, whatever else of it is put right', async () => {
  const servers: unknown[] = [];
  const bench = consumerBench({
    wrap: (transport) => {
      const subscribe = transport.subscribe.bind(transport);
      return Object.assign(transport, {
        subscribe: (spec: Parameters<MqTransport['subscribe']>[0]) => {
          const source = subscribe(spec);
          const { receive, ack } = { receive: source.receive.bind(source), ack: source.ack.bind(source) };
          source.receive = async (...args) =>
            (await receive(...args)).map((each) => ({ ...each, deliveryCount: Number.NaN, server: 'b' }));
          source.ack = (deliveries, signal) => {
            servers.push(...deliveries.map(({ server }) => server));
            return ack(deliveries, signal);
          };
          return source;
        },
      });
    },
  });
  await bench.start();
  await bench.publish('m1');
  expect(servers).toEqual(['b']);
  await bench.stop();
});

it('tries again what got no answer, while the lease lasts', async () => {
  let calls = 0;
  const { acks, clock, told } = given((batch) => all(++calls === 3 ? 'done' : 'unknown')(batch));
  const settled = acks.ack(delivery());
  await clock.advance(500);
  await clock.advance(2_000);
  expect(await settled).toBe('done');
  expect(told).toEqual([]);
});

it.each([
  ['gives up after four calls', 300_000, 4],
  ['does not try again when the lease is over by then', 400, 1],
])('%s, and tells', async (_, leaseEndsAt, calls) => {
  const { acks, clock, told, batches } = given(() => Promise.reject(new TransportError('unavailable', 'gone')));
  const settled = acks.ack(delivery(leaseEndsAt));
  await clock.advance(60_000);
  expect(await settled).toBe('unknown');
  expect(batches).toHaveLength(calls);
  expect(told).toEqual([{ name: 'ack.failed', topic: 'orders', group: 'stock', count: 1, settlement: 'unknown' }]);
});

it('tells at once what came too late, as one event for each call', async () => {
  const { acks, told, batches } = given(all('lease-lost'));
  await Promise.all([acks.ack(delivery()), acks.ack(delivery())]);
  expect(batches).toEqual([2]);
  expect(told).toEqual([{ name: 'ack.failed', topic: 'orders', group: 'stock', count: 2, settlement: 'lease-lost' }]);
});

it('takes an answer that is too short for no answer', async () => {
  const { acks, clock } = given(() => Promise.resolve([]));
  const settled = acks.ack(delivery(100));
  await clock.whenIdle();
  expect(await settled).toBe('unknown');
});

it('is idle only when retries are over', async () => {
  let calls = 0;
  const { acks, clock } = given((batch) => all(++calls === 2 ? 'done' : 'unknown')(batch));
  void acks.ack(delivery());
  let idle = false;
  void acks.whenIdle().then(() => (idle = true));
  await clock.advance(499);
  expect(idle).toBe(false);
  await clock.advance(1);
  expect(idle).toBe(true);
});

it('an acknowledgement that never arrived costs a redelivery, which the inbox absorbs', async () => {
  const bench = consumerBench();
  await bench.start();
  bench.broker.loseNextAcks(4);
  await bench.publish('m1');
  await bench.clock.advance(300_000);
  expect(bench.deliveries.effects).toEqual(['m1']);
  expect(bench.told('delivery.duplicate')).toHaveLength(1);
  expect(bench.pending()).toBe(0);
  await bench.stop();
});
