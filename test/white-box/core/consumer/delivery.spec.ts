import { PermanentError, RetryLater } from '../../../../libs/mq/src/core/errors/control-flow.js';
import { consumerBench, type BenchOptions } from './support/consumer-bench.js';

let bench: ReturnType<typeof consumerBench>;
const given = (options?: BenchOptions) => (bench = consumerBench(options));
afterEach(() => bench.stop());

describe('a delivery', () => {
  it('runs its handler in the transaction of the inbox row, finishes the row last, and is acknowledged after the commit', async () => {
    given();
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.calls).toEqual(['begin', 'enter', 'finish', 'commit']);
    expect(bench.deliveries.rows.get('GID_stock/m1')).toBe('handled');
    expect(bench.deliveries.effects).toEqual(['m1']);
    expect(bench.pending()).toBe(0);
    expect(bench.told('delivery.handled')).toMatchObject([
      { topic: 'orders', group: 'stock', messageId: 'm1', attempt: 1 },
    ]);
  });

  it('settles the status row between the handler and the finished row, where the topic settles on this group', async () => {
    given({ topic: { settleOn: { group: 'stock', withinMs: 1_000 } } });
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.calls).toEqual(['begin', 'enter', 'settle', 'finish', 'commit']);
    expect(bench.deliveries.settled).toEqual(['m1/stock']);
  });

  it('tells the handler about the message and the attempt', async () => {
    let seen: unknown;
    given({
      options: { tagSuffix: '_dev' },
      group: { tags: ['created'], maxAttempts: 7 },
      handle: (message, context) => (seen = { message, context }),
    });
    await bench.start();
    const headers = Buffer.from('{"trace":"1"}').toString('base64url');
    await bench.publish('m1', { tag: 'created_dev', key: 'k', properties: { 'mq-id': 'm1', 'mq-headers': headers } });
    expect(seen).toMatchObject({
      message: {
        id: 'm1',
        key: 'k',
        topic: 'orders',
        group: 'stock',
        tag: 'created',
        payload: { id: 'm1' },
        headers: { trace: '1' },
      },
      context: { attempt: 1, maxAttempts: 7, connection: 'default', deadline: new Date(bench.clock.now() + 30_000) },
    });
  });

  it('is acknowledged without running when the inbox knows it', async () => {
    given();
    bench.deliveries.rows.set('GID_stock/m1', 'handled');
    await bench.start();
    await bench.publish('m1');
    expect(bench.handled).toEqual([]);
    expect(bench.pending()).toBe(0);
    expect(bench.told('delivery.duplicate')).toHaveLength(1);
  });

  it.each([
    ['handled', ['m1/stock']],
    ['parked', []],
  ] as const)('settles the status row of a duplicate that was %s: %j', async (state, settled) => {
    given({ topic: { settleOn: { group: 'stock', withinMs: 1_000 } } });
    bench.deliveries.rows.set('GID_stock/m1', state);
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.settled).toEqual(settled);
    expect(bench.pending()).toBe(0);
  });

  it('is not acknowledged while the status row of its duplicate cannot be settled', async () => {
    given({ topic: { settleOn: { group: 'stock', withinMs: 1_000 } } });
    bench.deliveries.rows.set('GID_stock/m1', 'handled');
    bench.deliveries.fail('settleHandled');
    await bench.start();
    await bench.publish('m1');
    expect(bench.pending()).toBe(1);
    await bench.clock.advance(5_000);
    expect(bench.deliveries.settled).toEqual(['m1/stock']);
    expect(bench.pending()).toBe(0);
  });

  it.each([
    ['another group', 'GID_other', 0, ['other-group']],
    ['this group', 'GID_stock', 1, []],
  ])('that replays for %s', async (_, target, runs, skipped) => {
    given();
    await bench.start();
    await bench.publish('m1', { properties: { 'mq-id': 'm1', 'mq-group': target } });
    expect(bench.handled).toHaveLength(runs);
    expect(bench.told('delivery.skipped').map(({ reason }) => reason)).toEqual(skipped);
    expect(bench.deliveries.rows.size).toBe(runs);
    expect(bench.pending()).toBe(0);
  });

  it.each(['park', 'ack'] as const)('with a tag that nobody takes: %s', async (unmatched) => {
    given({ group: { tags: ['created', 'paid'], unmatched }, handlers: [] });
    const [handler] = [
      { topic: 'orders', group: 'stock', tags: ['created'], name: 'H.created', invoke: async () => undefined },
    ];
    await bench.start([handler!]);
    await bench.publish('m1', { tag: 'paid' });
    expect(bench.pending()).toBe(0);
    expect(bench.deliveries.errors.map((entry) => entry.errorCode)).toEqual(
      unmatched === 'park' ? ['MQ_UNMATCHED'] : [],
    );
    expect(bench.told('delivery.skipped')).toHaveLength(unmatched === 'ack' ? 1 : 0);
  });

  it('that cannot be decoded is parked at once, with the payload', async () => {
    given();
    await bench.start();
    await bench.publish('m1', { body: 'no json', tag: 't', orderingKey: 'o' });
    expect(bench.deliveries.errors).toMatchObject([
      {
        direction: 'CONSUME',
        messageId: 'm1',
        parked: true,
        errorCode: 'MQ_PAYLOAD_INVALID',
        payload: 'no json',
        tag: 't',
        key: 'key-m1',
        orderingKey: 'o',
        topicAlias: 'orders',
        group: 'stock',
        groupId: 'GID_stock',
        publishedAt: bench.clock.now(),
        instance: 'test:1',
      },
    ]);
    expect(bench.handled).toEqual([]);
    expect(bench.pending()).toBe(0);
  });

  it.each([
    ['nothing', undefined, /^broker:[0-9A-F]{32}$/],
    ['an id, which counts in its topic', () => 'laravel-7', /^orders\/laravel-7$/],
    ['undefined', () => undefined, /^broker:/],
  ])('of another producer is known by what identify answers: %s', async (_, identify, id) => {
    given({ group: { identify: identify ?? null } });
    await bench.start();
    await bench.publish('ignored', { properties: {} });
    expect(bench.handled.map((message) => message.id)).toEqual([expect.stringMatching(id)]);
  });

  it.each([
    [
      'throws on',
      (): string => {
        throw new Error('boom');
      },
      'boom',
    ],
    ['gives a number', () => 7 as unknown as string, 'must answer a text that is not empty'],
    ['gives an empty id', () => '', 'must answer a text that is not empty'],
  ])('that identify %s has failed, and is retried', async (_, wrong, message) => {
    let answer: () => string = wrong;
    given({ group: { identify: () => answer() } });
    await bench.start();
    await bench.publish('ignored', { properties: {} });
    expect(bench.handled).toEqual([]);
    expect(bench.told('delivery.failed')).toMatchObject([
      { error: { message: expect.stringContaining(message) }, retryInMs: 10_000 },
    ]);
    answer = () => 'right';
    await bench.clock.advance(300_000);
    expect(bench.handled.map(({ id }) => id)).toEqual(['orders/right']);
  });
});

describe('a failed attempt', () => {
  it.each([
    ['an error', new Error('no stock')],
    ['no error at all', undefined],
    ['a text', 'no stock'],
  ])('that threw %s is rolled back, recorded, held in memory, and run again', async (_, thrown) => {
    let runs = 0;
    given({
      handle: (message, { manager }) => {
        bench.deliveries.write(manager, `${message.id} ${++runs}`);
        if (runs === 1) throw thrown;
      },
    });
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.rows.size).toBe(0);
    expect(bench.deliveries.errors).toMatchObject([
      { parked: false, attempt: 1, errorCode: 'MQ_HANDLER_FAILED', payload: null },
    ]);
    expect(bench.told('delivery.failed')).toMatchObject([{ attempt: 1, retryInMs: 10_000 }]);
    expect(bench.runner.health()).toMatchObject({ held: 1, inFlight: 0 });
    await bench.clock.advance(10_000);
    expect(bench.deliveries.effects).toEqual(['m1 2']);
    expect(bench.told('delivery.handled')).toMatchObject([{ attempt: 2 }]);
    expect(bench.pending()).toBe(0);
  });

  it('is told to a broker that takes delays, and not held', async () => {
    let runs = 0;
    given({
      profile: 'rich',
      handle: () => {
        if (++runs === 1) throw new RetryLater('45s');
      },
    });
    await bench.start();
    await bench.publish('m1');
    expect(bench.told('delivery.failed')).toMatchObject([{ retryInMs: 45_000 }]);
    expect(bench.runner.health().held).toBe(0);
    await bench.clock.advance(44_000);
    expect(runs).toBe(1);
    await bench.clock.advance(2_000);
    expect(runs).toBe(2);
    expect(bench.pending()).toBe(0);
  });

  it('is left to the broker when delay and timeout exceed 80 % of the lease', async () => {
    given({ handle: () => Promise.reject(new RetryLater('211s')) });
    await bench.start();
    await bench.publish('m1');
    expect(bench.told('delivery.failed')).toMatchObject([{ retryInMs: null }]);
    expect(bench.runner.health().held).toBe(0);
    expect(bench.pending()).toBe(1);
  });

  it('is held when delay and timeout are exactly 80 % of the lease', async () => {
    given({ handle: () => Promise.reject(new RetryLater('210s')) });
    await bench.start();
    await bench.publish('m1');
    expect(bench.told('delivery.failed')).toMatchObject([{ retryInMs: 210_000 }]);
  });

  it('is left to the broker when what remains of the lease cannot hold another attempt', async () => {
    given({ group: { backoff: () => 100_000 }, handle: () => Promise.reject(new Error('no')) });
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(100_000);
    await bench.clock.advance(100_000);
    expect(bench.told('delivery.failed').map(({ retryInMs }) => retryInMs)).toEqual([100_000, 100_000, null]);
    await bench.clock.advance(100_000);
    expect(bench.told('delivery.failed')).toMatchObject([{}, {}, {}, { attempt: 4 }]);
  });

  it.each([
    ['PermanentError', () => new PermanentError('no such sku'), {}, 1],
    ['its last attempt', () => new Error('again'), { maxAttempts: 3 }, 3],
    ['RetryLater at its last attempt', () => new RetryLater(1), { maxAttempts: 2 }, 2],
    [
      'a policy that parks',
      () => new Error('x'),
      { backoff: ({ attempt }: { attempt: number }) => (attempt === 2 ? ('park' as const) : 1) },
      2,
    ],
  ])('parks after %s: inbox row, payload, acknowledgement', async (_, error, group, runs) => {
    given({ group, handle: () => Promise.reject(error()) });
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(60_000);
    expect(bench.handled).toHaveLength(runs);
    expect(bench.deliveries.rows.get('GID_stock/m1')).toBe('parked');
    expect(bench.deliveries.errors.at(-1)).toMatchObject({ parked: true, attempt: runs, payload: '{"id":"m1"}' });
    expect(bench.deliveries.errors.filter((entry) => !entry.parked)).toHaveLength(runs - 1);
    expect(bench.told('delivery.parked')).toHaveLength(1);
    expect(bench.pending()).toBe(0);
  });

  it('that parks settles the status row that waits for this group', async () => {
    given({
      topic: { settleOn: { group: 'stock', withinMs: 1 } },
      handle: () => Promise.reject(new PermanentError('x')),
    });
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.settled).toEqual(['dead:m1/stock']);
  });

  it('that would park a message which another copy has handled is only acknowledged', async () => {
    given({
      handle: (message) => {
        bench.deliveries.rows.set(`GID_stock/${message.id}`, 'handled');
        throw new PermanentError('x');
      },
    });
    await bench.start();
    await bench.publish('m1');
    expect(bench.deliveries.errors).toEqual([]);
    expect(bench.told('delivery.parked')).toEqual([]);
    expect(bench.told('delivery.duplicate')).toHaveLength(1);
    expect(bench.pending()).toBe(0);
  });

  it('is not acknowledged when parking fails, and comes again', async () => {
    given({ handle: () => Promise.reject(new PermanentError('x')) });
    bench.deliveries.fail('park');
    await bench.start();
    await bench.publish('m1');
    expect(bench.pending()).toBe(1);
    await bench.clock.advance(300_000);
    expect(bench.told('delivery.parked')).toHaveLength(1);
    expect(bench.pending()).toBe(0);
  });

  it('counts although it could not be recorded', async () => {
    given({ group: { maxAttempts: 2 }, handle: () => Promise.reject(new Error('x')) });
    bench.deliveries.fail('recordFailure');
    await bench.start();
    await bench.publish('m1');
    await bench.clock.advance(10_000);
    expect(bench.told('delivery.parked')).toMatchObject([{ attempt: 2 }]);
  });

  it('is left to the broker when a hundred of its group are held already', async () => {
    given({ handle: () => Promise.reject(new RetryLater('60s')) });
    await bench.start();
    for (let i = 0; i < 120; i++) await bench.publish(`m${i}`);
    expect(bench.runner.health().held).toBe(100);
    expect(bench.told('delivery.failed').filter(({ retryInMs }) => retryInMs === null)).toHaveLength(20);
  });
});
