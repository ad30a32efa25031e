import { PermanentError } from '../../../../libs/mq/src/core/errors/control-flow.js';
import { TransactionLost, Unstorable } from '../../../../libs/mq/src/core/store/delivery-store.js';
import { consumerBench, type BenchOptions } from './support/consumer-bench.js';
import { telling } from './support/telling.js';

let bench: ReturnType<typeof consumerBench>;
const given = (options?: BenchOptions) => (bench = consumerBench(options));
afterEach(() => bench.stop());

const codes = () => bench.deliveries.errors.map(({ errorCode, parked }) => (parked ? errorCode : `(${errorCode})`));

describe('a message that the inbox knows as half done', () => {
  it('is parked with a code of its own, and is never taken for a handled one', async () => {
    given({ topic: { settleOn: { group: 'stock', withinMs: 1_000 } } });
    bench.deliveries.rows.set('GID_stock/m1', 'half-done');
    await bench.start();
    await bench.publish('m1');
    expect(bench.handled).toEqual([]);
    expect(bench.deliveries.errors).toMatchObject([
      { parked: true, errorCode: 'MQ_HALF_DONE', messageId: 'm1', payload: '{"id":"m1"}' },
    ]);
    expect(bench.deliveries.rows.get('GID_stock/m1')).toBe('parked');
    expect(bench.deliveries.settled).toEqual(['dead:m1/stock']);
    expect(bench.told('delivery.duplicate')).toEqual([]);
    expect(bench.pending()).toBe(0);
  });

  it('is found so by the attempt that would park it, which tells its own error as the cause', async () => {
    given({
      handle: ({ id }) => {
        bench.deliveries.rows.set(`GID_stock/${id}`, 'half-done');
        throw new PermanentError('no such sku');
      },
    });
    await bench.start();
    await bench.publish('m1');
    expect(codes()).toEqual(['MQ_HALF_DONE']);
    expect(bench.deliveries.errors[0]!.message).toContain('(no such sku)');
    expect(bench.told('delivery.parked')).toMatchObject([{ error: { code: 'MQ_HALF_DONE' } }]);
  });
});

describe('two messages with one id', () => {
  it('are two when their bodies differ: the second is parked beside the first, once', async () => {
    given({ group: { identify: ({ key }) => key ?? undefined } });
    await bench.start();
    await bench.publish('', { properties: {}, key: 'order-7', body: '{"state":"created"}' });
    await bench.publish('', { properties: {}, key: 'order-7', body: '{"state":"paid"}' });
    await bench.publish('', { properties: {}, key: 'order-7', body: '{"state":"paid"}' });
    await bench.publish('', { properties: {}, key: 'order-7', body: '{"state":"created"}' });
    expect(bench.handled.map(({ payload }) => payload)).toEqual([{ state: 'created' }]);
    expect(bench.deliveries.errors).toMatchObject([
      {
        errorCode: 'MQ_ID_CONFLICT',
        messageId: expect.stringMatching(/^orders\/order-7#[0-9a-f]{1,12}$/),
        payload: '{"state":"paid"}',
        parked: true,
      },
    ]);
    expect(bench.told('delivery.duplicate')).toHaveLength(2);
    expect(bench.pending()).toBe(0);
  });

  it('are two also when the second would have been parked anyway', async () => {
    given({ group: { identify: () => 'same', tags: ['created', 'paid'] } });
    const handlers = [
      { topic: 'orders', group: 'stock', tags: ['created'], name: 'H.created', invoke: async () => undefined },
    ];
    await bench.start(handlers);
    await bench.publish('', { properties: {}, tag: 'created', body: '1' });
    await bench.publish('', { properties: {}, tag: 'paid', body: '2' });
    expect(codes()).toEqual(['MQ_ID_CONFLICT']);
    expect(bench.deliveries.errors[0]).toMatchObject({ payload: '2', tag: 'paid' });
  });

  it('are two also when they come from two topics of the group', async () => {
    given({ topics: { invoices: { topic: 'shop_invoices' } }, group: { identify: ({ key }) => key ?? undefined } });
    const invoke = bench.registry().handlers[0]!.invoke;
    await bench.start(
      ['orders', 'invoices'].map((topic) => ({ topic, group: 'stock', tags: null, name: `H.${topic}`, invoke })),
    );
    await bench.publish('', { properties: {}, key: '7', body: '1' });
    await bench.publish('', { topic: 'shop_invoices', properties: {}, key: '7', body: '1' });
    expect(bench.handled.map(({ id }) => id).toSorted()).toEqual(['invoices/7', 'orders/7']);
    expect(bench.deliveries.errors).toEqual([]);
  });
});

describe('an id from outside', () => {
  it.each([
    ['a U+0000', 'a\0b', 'orders/a%u0000b'],
    ['a line and an escape', 'a\n\u001b[31m', 'orders/a%u000A%u001B[31m'],
    ['half a character', 'a\ud800', 'orders/a%uD800'],
    ['what ends a property', 'a|b', 'orders/a%u007Cb'],
    ['what looks like a stand-in', 'a%u007Cb', 'orders/a%u0025u007Cb'],
    ['nothing unusual', '订单 7 100%', 'orders/订单 7 100%'],
  ])('with %s gets a stand-in that is always the same', async (_, id, standIn) => {
    given({ group: { identify: () => id } });
    await bench.start();
    await bench.publish('', { properties: {} });
    await bench.publish('', { properties: {} });
    expect(bench.handled.map((message) => message.id)).toEqual([standIn]);
    await bench.publish(standIn);
    expect(bench.handled).toHaveLength(1);
  });

  it.each([
    ['mq-id', { properties: { 'mq-id': `\0${'x'.repeat(400)}` } }],
    ['the id of a replay, as long as the column', { properties: { 'mq-id': 'x'.repeat(255) } }],
  ])('%s of any length fits into the tables', async (_, message) => {
    given();
    await bench.start();
    await bench.publish('', message);
    await bench.publish('', message);
    expect(bench.handled).toHaveLength(1);
    expect(bench.handled[0]!.id).toMatch(/^(sha256:[0-9a-f]{64}|x{255})$/);
    expect(bench.told('delivery.duplicate')).toHaveLength(1);
  });
});

describe('a value that the database refuses', () => {
  it.each(['enter', 'failures', 'settleHandled'] as const)(
    'at %s is the message’s fault, never the database’s',
    async (step) => {
      given({ topic: { settleOn: { group: 'stock', withinMs: 1_000 } }, profile: 'rich' });
      if (step === 'settleHandled') bench.deliveries.rows.set('GID_stock/m1', 'handled');
      // Failures are looked up from the second delivery on.
      if (step === 'failures') bench.deliveries.contend();
      bench.deliveries.fail(step, { error: new Unstorable('refused'), times: Number.POSITIVE_INFINITY });
      await bench.start();
      await bench.publish('m1');
      await bench.clock.advance(120_000);
      expect(bench.deliveries.calls).not.toContain('probe');
      expect(bench.runner.health().down).toEqual([]);
      if (step !== 'settleHandled') expect(codes()).toEqual(['MQ_MESSAGE_INVALID']);
    },
  );
});

describe('a connection that breaks in a handler', () => {
  it('is the database’s failure: polls wait, nothing is recorded, and the message runs again', async () => {
    let broken = true;
    given({
      handle: () => {
        if (broken) throw new TransactionLost('gone', { cause: new Error('Connection terminated') });
      },
    });
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.errors).toEqual([]);
    expect(bench.told('delivery.failed')).toEqual([]);
    expect(bench.told('loop.failed')).toMatchObject([{ error: { message: 'Connection terminated' } }]);
    expect(bench.runner.health().loops).toMatchObject([{ state: 'database' }]);
    broken = false;
    await bench.clock.advance(5_000);
    expect(bench.told('delivery.handled')).toMatchObject([{ attempt: 1 }]);
    expect(bench.runner.health().down).toEqual([]);
  });

  it('is a failed attempt the second time, because it may be the handler that breaks it', async () => {
    given({
      group: { maxAttempts: 2, backoff: () => 1_000 },
      handle: () => Promise.reject(new TransactionLost('gone', { cause: new Error('too large') })),
    });
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(5_000);
    expect(codes()).toEqual(['(MQ_HANDLER_FAILED)']);
    expect(bench.deliveries.errors[0]!.message).toContain('for the second time');
    await bench.clock.advance(1_000);
    expect(codes().at(-1)).toBe('MQ_HANDLER_FAILED');
    expect(bench.pending()).toBe(0);
  });
});

describe('what a broker says about a message', () => {
  it.each([9.2e21, Number.NaN, -1, Number.POSITIVE_INFINITY])(
    'published at %p: a time that every table and Date has',
    async (publishedAt) => {
      given({
        wrap: telling(({ message }) => ({
          deliveryCount: 1e12,
          message: { ...message, publishedAt, brokerMessageId: `\0${'9'.repeat(300)}` },
        })),
        group: { maxAttempts: Number.MAX_SAFE_INTEGER },
        handle: () => Promise.reject(new PermanentError('no')),
      });
      await bench.start();
      await bench.publish('m1');
      const [entry] = bench.deliveries.errors;
      expect(entry).toMatchObject({ publishedAt: bench.clock.now(), parked: true, attempt: 2 ** 31 - 1 });
      expect(entry!.brokerMessageId).toMatch(/^sha256:/);
      expect(bench.handled[0]!.publishedAt.toISOString()).toBe(new Date(bench.clock.now()).toISOString());
    },
  );
});
