import type { DeliveryContext } from '../../../../libs/mq/src/core/consumer/handlers/handler.js';
import type { MqMessage } from '../../../../libs/mq/src/core/message/message.js';
import type { Delivery, MessageSource, SubscriptionSpec } from '../../../../libs/mq/src/core/transport/transport.js';
import { type BenchOptions, consumerBench, type Handle, handlerOf } from './support/consumer-bench.js';

const IDS = ['a', 'b', 'c'];
type Work = (messages: readonly MqMessage[], context: DeliveryContext<Handle>) => unknown;

let bench: ReturnType<typeof consumerBench>;
/** Messages in each call. */
let calls: string[][];
afterEach(() => bench.stop());

/** A handler that is called with three messages, or with fewer after a minute. Its effects are the ids of its messages. */
async function given(work: Work = () => undefined, options: BenchOptions = {}, size = 3): Promise<void> {
  calls = [];
  const handler = handlerOf({
    batch: { size, waitMs: 60_000 },
    invoke: async (input, context) => {
      const messages = [input].flat() as MqMessage[];
      calls.push(messages.map(({ id }) => id));
      for (const { id } of messages) bench.deliveries.write(context.manager, id);
      await work(messages, context);
    },
  });
  bench = consumerBench({ profile: 'rich', handlers: [handler], ...options });
  await bench.start();
}

async function publish(ids = IDS): Promise<void> {
  for (const id of ids) await bench.publish(id);
}

/** What a handler does that heeds its signal. */
const untilAborted: Work = (messages, { signal }) =>
  messages.length === 1
    ? undefined
    : new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));

describe('a batch', () => {
  it('of which one lease is lost is rolled back, and nobody has failed: that one comes again, the others go alone', async () => {
    // Another delivery of it is a new lease.
    const isLost = ({ message, deliveryCount }: Delivery): boolean =>
      message.properties['mq-id'] === 'b' && deliveryCount === 1;
    await given(untilAborted, {
      leaseMs: 20_000,
      group: { timeoutMs: 600_000 },
      wrap: (transport) => {
        const subscribe = transport.subscribe.bind(transport);
        return Object.assign(transport, {
          subscribe: (spec: SubscriptionSpec) => {
            const source: MessageSource = subscribe(spec);
            const extend = source.extend!.bind(source);
            return Object.assign(source, {
              extend: (...args: Parameters<typeof extend>) =>
                isLost(args[0]) ? Promise.resolve(null) : extend(...args),
            });
          },
        });
      },
    });
    await publish();
    expect(calls).toEqual([IDS]);
    await bench.clock.advance(10_000);
    expect(bench.told('delivery.unbatched').map(({ reason }) => reason)).toEqual(['failed', 'failed', 'failed']);
    expect(bench.told('delivery.released')).toMatchObject([{ reason: 'lease' }]);
    expect(bench.deliveries.errors).toEqual([]);
    await bench.clock.advance(20_000);
    expect(bench.deliveries.effects.toSorted()).toEqual(IDS);
    expect(bench.told('delivery.failed')).toEqual([]);
    expect(bench.pending()).toBe(0);
  });

  it('that takes too long is rolled back at the timeout of its group, and each goes alone', async () => {
    await given((messages) => (messages.length === 1 ? undefined : new Promise(() => undefined)));
    await publish();
    await bench.clock.advance(29_999);
    expect(bench.told('delivery.unbatched')).toEqual([]);
    await bench.clock.advance(1);
    expect(bench.told('delivery.unbatched')).toMatchObject(
      IDS.map((messageId) => ({ messageId, batch: 3, reason: 'failed', error: { code: 'MQ_HANDLER_TIMEOUT' } })),
    );
    await bench.clock.whenIdle();
    expect(calls.map(({ length }) => length)).toEqual([3, 1, 1, 1]);
    expect(bench.deliveries.effects.toSorted()).toEqual(IDS);
    expect(bench.deliveries.errors).toEqual([]);
  });

  it('that waits in vain for a copy which is handled elsewhere keeps nobody waiting: each goes alone', async () => {
    await given();
    bench.deliveries.contend();
    await publish();
    expect(bench.told('delivery.unbatched').map(({ reason }) => reason)).toEqual(Array(3).fill('contention'));
    expect(bench.deliveries.lockWaits[0]).toBe(1_000);
    expect(calls).toEqual([['a'], ['b'], ['c']]);
    expect(bench.deliveries.errors).toEqual([]);
    expect(bench.pending()).toBe(0);
  });

  it('that the database does not begin is left to it, and no attempt is counted', async () => {
    await given();
    bench.deliveries.fail('begin', { times: 1 });
    await publish();
    expect(bench.told('delivery.unbatched').map(({ reason }) => reason)).toEqual(Array(3).fill('database'));
    await bench.clock.whenIdle();
    expect(bench.deliveries.effects.toSorted()).toEqual(IDS);
    expect(bench.told('delivery.failed')).toEqual([]);
  });

  it('is one without an inbox, too; then a redelivery runs again', async () => {
    await given(
      (messages) => {
        if (calls.length === 1) throw new Error(`no ${messages.length}`);
      },
      { group: { inbox: false } },
    );
    await publish();
    expect(calls).toEqual([IDS, ['a'], ['b'], ['c']]);
    expect(bench.deliveries.calls).not.toContain('begin');
    expect(bench.told('delivery.handled')).toHaveLength(3);
    expect(bench.pending()).toBe(0);
  });

  it('is full with 16 MB, however few messages that are', async () => {
    await given(undefined, {}, 100);
    const body = JSON.stringify('x'.repeat(4 * 1_048_576 - 1_000));
    for (const id of ['a', 'b', 'c', 'd']) await bench.publish(id, { body });
    expect(calls).toEqual([]);
    await bench.publish('e', { body });
    expect(calls).toEqual([['a', 'b', 'c', 'd', 'e']]);
  });
});
