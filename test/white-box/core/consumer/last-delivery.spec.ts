import { consumerBench } from './support/consumer-bench.js';
import { telling } from './support/telling.js';

let bench: ReturnType<typeof consumerBench>;
afterEach(() => bench.stop());

const givingUpAfter = (most: number) => telling(({ deliveryCount }) => ({ isLast: deliveryCount >= most }));

it('a message that fails on its last delivery is parked, whatever attempts the group has left', async () => {
  bench = consumerBench({
    profile: 'rich',
    group: { maxAttempts: 16, backoff: () => 1_000 },
    handle: () => Promise.reject(new Error('no stock')),
    wrap: givingUpAfter(2),
  });
  await bench.start();
  await bench.publish('m1');
  expect(bench.deliveries.errors.map(({ parked }) => parked)).toEqual([false]);
  expect(bench.pending()).toBe(1);

  await bench.clock.advance(1_000);
  expect(bench.deliveries.errors.map(({ attempt, parked }) => [attempt, parked])).toEqual([
    [1, false],
    [2, true],
  ]);
  expect(bench.pending()).toBe(0);
});

it('a message that is handled on its last delivery is handled like any other', async () => {
  bench = consumerBench({ profile: 'rich', wrap: givingUpAfter(1) });
  await bench.start();
  await bench.publish('m1');
  expect(bench.handled.map(({ id }) => id)).toEqual(['m1']);
  expect(bench.deliveries.errors).toEqual([]);
  expect(bench.pending()).toBe(0);
});

it('a message that arrived damaged is parked as it is, and no handler gets it', async () => {
  bench = consumerBench({
    wrap: telling(({ message }) => ({ message: { ...message, unreadable: 'its digest is not that of its body' } })),
  });
  await bench.start();
  await bench.publish('m1');
  expect(bench.handled).toEqual([]);
  expect(bench.deliveries.errors).toMatchObject([
    { errorCode: 'MQ_PAYLOAD_INVALID', payload: '{"id":"m1"}', parked: true },
  ]);
  expect(bench.pending()).toBe(0);
});
