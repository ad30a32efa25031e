import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { eventually } from '../../../support/eventually.js';
import { describeRocketmq, useRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { never, outbound, subscription } from '../../../support/transport/rocketmq-stage.js';

/** On a busy machine seconds pass between the end of a lease and the next delivery. */
const REDELIVERY = { timeoutMs: 60_000, intervalMs: 50 };
const LEASE_MS = 3_000;

type Transport = ReturnType<typeof rocketmq>;
type Source = ReturnType<Transport['subscribe']>;
type Delivery = Awaited<ReturnType<Source['receive']>>[number];

describeRocketmq('a lease that was prolonged, of messages that came together', () => {
  const broker = useRocketmq();
  let transport: Transport;
  afterEach(() => transport.close());

  const numberOf = ({ message }: Delivery): number => Number(message.body);

  async function arrive(ordered: boolean): Promise<{ source: Source; batch: Delivery[] }> {
    transport = rocketmq({ endpoints: broker.endpoint });
    const topic = await broker.topic(ordered ? 'FIFO' : 'NORMAL', 1);
    const source = transport.subscribe(subscription({ topic, groupId: await broker.group({ ordered }), ordered }));
    const orderingKey = ordered ? 'customer-1' : null;
    for (let i = 0; i < 6; i += 1) await transport.send(outbound({ topic, body: `${i}`, orderingKey }), never);
    const batch = await eventually(
      async () => {
        const found = await source.receive({ max: 8, waitMs: 1_000, leaseMs: LEASE_MS }, never);
        // What came alone, or in parts, is a batch of its own: once more, together.
        if (found.length === 6) return found;
        await Promise.all(found.map((delivery) => source.retryIn!(delivery, 0, never)));
        return null;
      },
      { ...REDELIVERY, what: 'all in one batch' },
    );
    return { source, batch: batch.toSorted((a, b) => numberOf(a) - numberOf(b)) };
  }

  async function extended(source: Source, delivery: Delivery, times: number): Promise<Delivery> {
    let current = delivery;
    for (let i = 0; i < times; i += 1) current = (await source.extend!(current, LEASE_MS, never))!;
    return current;
  }

  it.each([
    ['once', false, 1],
    ['twice', false, 2],
    ['once, in an ordered group', true, 1],
  ])('%s: what is acknowledged is done, and what is to come later comes later', async (_, ordered, times) => {
    const { source, batch } = await arrive(ordered);
    const kept = await Promise.all(batch.map((delivery) => extended(source, delivery, times)));
    // The last but one is to come once more long after its lease; the last is left to its lease.
    expect(await source.ack(kept.slice(0, 4), never)).toEqual(Array.from({ length: 4 }, () => 'done'));
    const askedAt = performance.now();
    expect(await source.retryIn!(kept[4]!, 4 * LEASE_MS, never)).toBe('done');
    const again: { body: number; afterMs: number }[] = [];
    await eventually(
      async () => {
        const found = await source.receive({ max: 8, waitMs: 500, leaseMs: 30_000 }, never);
        for (const delivery of found) again.push({ body: numberOf(delivery), afterMs: performance.now() - askedAt });
        await source.ack(found, never);
        return new Set(again.map(({ body }) => body)).has(4) && again.some(({ body }) => body === 5);
      },
      { ...REDELIVERY, what: 'the two that were not done' },
    );
    expect(again.map(({ body }) => body).toSorted((a, b) => a - b)).toEqual([4, 5]);
    expect(again.find(({ body }) => body === 4)!.afterMs).toBeGreaterThan(4 * LEASE_MS - 100);
  });
});
