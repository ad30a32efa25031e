import { setImmediate } from 'node:timers/promises';
import { type MessageSource, TransportError, type TransportErrorKind } from 'nestjs-reliable-mq/spi';
import type { MemoryTransport, StoredMessage } from 'nestjs-reliable-mq/testing';
import { consumerBench, handlerOf, type BenchOptions } from './support/consumer-bench.js';

let bench: ReturnType<typeof consumerBench>;
const given = (options: BenchOptions = {}) => (bench = consumerBench({ profile: 'rich', ...options }));
afterEach(() => bench.stop());

const deadLetters = (groupId = 'GID_stock', instanceId: string | null = null) =>
  bench.broker.deadLetters(groupId, instanceId);

/** Puts a message among the dead letters of a group, as the broker does in the end. */
async function giveUp(
  id: string,
  { topic = 'shop_orders', groupId = 'GID_stock', ...fields }: Partial<StoredMessage> & { groupId?: string } = {},
): Promise<void> {
  deadLetters(groupId, fields.instanceId).add({
    topic,
    instanceId: null,
    tag: null,
    key: `key-${id}`,
    body: `{"id":"${id}"}`,
    properties: { 'mq-id': id },
    deliverAt: null,
    orderingKey: null,
    brokerMessageId: `dead-${id}`,
    publishedAt: 1_000,
    deadLetterOf: { topic, brokerMessageId: `first-${id}` },
    ...fields,
  });
  await bench.clock.whenIdle();
}

/** The transport, whose dead letters are read through something that the test makes. */
function reading(wrap: (source: MessageSource) => Partial<MessageSource>): BenchOptions['wrap'] {
  return (transport: MemoryTransport) => {
    const open = transport.deadLetters!;
    return Object.assign(transport, {
      deadLetters: (spec: Parameters<typeof open>[0]) => {
        const source = open(spec);
        const changed = wrap(source);
        return new Proxy(source, {
          get: (_, name) => {
            const found = Reflect.get(name in changed ? changed : source, name) as unknown;
            return typeof found === 'function' ? found.bind(source) : found;
          },
        });
      },
    });
  };
}

const parkedIds = () => bench.deliveries.errors.filter(({ parked }) => parked).map(({ messageId }) => messageId);

describe('a dead letter', () => {
  it('is parked without running a handler, and acknowledged after that', async () => {
    given();
    await bench.start();
    await giveUp('m1', { tag: 'created', orderingKey: 'k' });
    expect(bench.handled).toEqual([]);
    expect(bench.deliveries.errors).toMatchObject([
      {
        direction: 'CONSUME',
        messageId: 'm1',
        topicAlias: 'orders',
        tag: 'created',
        group: 'stock',
        groupId: 'GID_stock',
        attempt: 1,
        parked: true,
        errorCode: 'MQ_DEAD_LETTERED',
        payload: '{"id":"m1"}',
        orderingKey: 'k',
        brokerMessageId: 'first-m1',
        publishedAt: 1_000,
      },
    ]);
    expect(deadLetters().pending).toEqual([]);
  });

  it('with a body that no codec reads is parked as it is', async () => {
    given();
    await bench.start();
    await giveUp('m1', { body: '{"torn' });
    expect(bench.deliveries.errors).toMatchObject([{ errorCode: 'MQ_DEAD_LETTERED', payload: '{"torn' }]);
  });

  it('is the same message to identify(), and has the id from before if that has none', async () => {
    const seen: string[] = [];
    given({
      group: {
        identify: ({ brokerMessageId, key }) => {
          seen.push(brokerMessageId);
          return key === 'key-known' ? 'known' : undefined;
        },
      },
    });
    await bench.start();
    await giveUp('known', { properties: {} });
    await giveUp('unknown', { properties: {} });
    await giveUp('lost', { properties: {}, deadLetterOf: { topic: 'shop_orders', brokerMessageId: null } });
    expect(parkedIds()).toEqual(['orders/known', 'broker:first-unknown', 'broker:dead-lost']);
    expect(seen).toContain('first-known');
    expect(seen).not.toContain('dead-known');
  });

  it('that is a replay for another group is acknowledged', async () => {
    given();
    await bench.start();
    await giveUp('m1', { properties: { 'mq-id': 'm1', 'mq-group': 'GID_other' } });
    expect(bench.told('delivery.skipped')).toMatchObject([{ reason: 'other-group' }]);
    expect(bench.deliveries.errors).toEqual([]);
    expect(deadLetters().pending).toEqual([]);
  });

  it('has the alias of its topic: of two, the one that its group consumes', async () => {
    given({
      topics: {
        again: { topic: 'shop_orders' },
        other: { topic: 'other' },
        elsewhere: { topic: 'left', instanceId: 'i' },
      },
    });
    await bench.start([handlerOf({ topic: 'again' })]);
    for (const topic of ['shop_orders', 'other', 'left']) await giveUp(topic, { topic });
    expect(bench.deliveries.errors.map(({ topicAlias }) => topicAlias)).toEqual(['again', 'other', 'left']);
  });

  it.each([
    ['its group has but one', [], 'orders'],
    ['its group has several', ['mails'], '(dead letters)'],
  ])('of a topic that the broker does not tell is kept where it must be: %s', async (_, more, alias) => {
    given({ topics: { mails: { topic: 'shop_mails' } } });
    await bench.start([handlerOf(), ...more.map((topic) => handlerOf({ topic }))]);
    await giveUp('m1', { deadLetterOf: { topic: null, brokerMessageId: null } });
    expect(bench.deliveries.errors).toMatchObject([{ topicAlias: alias, errorCode: 'MQ_DEAD_LETTERED' }]);
  });

  it('has the alias of a group that shares its name at the broker with another', async () => {
    given({ topics: { mails: { topic: 'shop_mails' } }, groups: { mail: { groupId: 'GID_stock' } } });
    await bench.start([handlerOf(), handlerOf({ topic: 'mails', group: 'mail', name: 'Mail.handle' })]);
    await giveUp('m1');
    await giveUp('m2', { topic: 'shop_mails' });
    expect(bench.deliveries.errors.map(({ group }) => group)).toEqual(['stock', 'mail']);
    expect(bench.runner.health().loops.map(({ topic, group }) => [topic, group])).toEqual([
      ['orders', 'stock'],
      ['mails', 'mail'],
      ['(dead letters)', 'stock'],
    ]);
  });

  it('is read in each instance of the broker that the group consumes from', async () => {
    given({ topics: { there: { topic: 'shop_orders', instanceId: 'i-2' } } });
    await bench.start([handlerOf(), handlerOf({ topic: 'there' })]);
    await giveUp('m1');
    await giveUp('m2', { instanceId: 'i-2' });
    expect(bench.deliveries.errors.map(({ topicAlias }) => topicAlias)).toEqual(['orders', 'there']);
  });

  it('settles nothing but the status row that waits for its group', async () => {
    given({ topic: { settleOn: { group: 'stock', withinMs: 60_000 } }, topics: { other: { topic: 'other' } } });
    await bench.start();
    await giveUp('m1');
    await giveUp('m2', { topic: 'other' });
    expect(bench.deliveries.settled).toEqual(['dead:m1/stock']);
  });

  it('of an ordering key is not held back by others of it', async () => {
    given({ topic: { ordered: true } });
    await bench.start();
    bench.deliveries.fail('park');
    await giveUp('m1', { orderingKey: 'k' });
    await giveUp('m2', { orderingKey: 'k' });
    expect(parkedIds()).toEqual(['m2']);
  });
});

describe('reading them', () => {
  it('happens only where the transport can', async () => {
    given({ profile: 'http' });
    await bench.start();
    await giveUp('m1');
    expect(bench.runner.health().loops).toHaveLength(1);
    expect(bench.deliveries.errors).toEqual([]);
  });

  it('goes on while there are none, and says so', async () => {
    given();
    await bench.start();
    await bench.clock.advance(3_600_000);
    expect(bench.runner.health()).toMatchObject({
      loops: [{ topic: 'orders' }, { topic: '(dead letters)', group: 'stock', state: 'polling', error: null }],
      down: [],
      degraded: [],
    });
    await giveUp('m1');
    expect(parkedIds()).toEqual(['m1']);
  });

  it.each<[TransportErrorKind | 'not an error of a transport', string]>([
    ['unavailable', 'MQ_BROKER_UNAVAILABLE'],
    ['auth', 'MQ_BROKER_AUTH'],
    ['not-found', 'MQ_BROKER_REJECTED'],
    ['not an error of a transport', 'MQ_BROKER_UNAVAILABLE'],
  ])('may fail (%s) without disturbing anything, and catches up', async (kind, code) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    let polls = 0;
    let broken = true;
    given({
      wrap: reading((source) => ({
        receive: (...args) => {
          polls++;
          if (!broken) return source.receive(...args);
          return Promise.reject(
            kind === 'not an error of a transport' ? new TypeError('x') : new TransportError(kind, 'x'),
          );
        },
      })),
    });
    await bench.start();
    await giveUp('m1');
    for (let minute = 0; minute < 10; minute++) {
      await bench.publish(`n${minute}`);
      await bench.clock.advance(60_000);
      expect(bench.runner.health()).toMatchObject({
        down: [],
        degraded: [expect.stringContaining(`(dead letters)/stock fails (${code})`)],
      });
    }
    expect(bench.deliveries.effects).toHaveLength(10);
    // At the pace of a poll that fails, about one a second or less.
    expect(polls).toBeLessThan(700);
    broken = false;
    await bench.clock.advance(120_000);
    expect(parkedIds()).toEqual(['m1']);
    expect(bench.runner.health()).toMatchObject({ down: [], degraded: [] });
    await setImmediate();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('of a transport that does not say what they are is refused, and nothing is acknowledged', async () => {
    given({
      group: { unmatched: 'ack' },
      wrap: reading((source) => ({
        receive: async (...args) =>
          (await source.receive(...args)).map((delivery) => {
            const { deadLetterOf: _, ...message } = delivery.message;
            return { ...delivery, message };
          }),
      })),
    });
    await bench.start();
    await giveUp('m1');
    expect(bench.runner.health().degraded).toEqual([expect.stringContaining('without deadLetterOf')]);
    expect(deadLetters().pending).toMatchObject([{ state: 'leased' }]);
  });

  it('rests while the group is paused, and goes on with it', async () => {
    given();
    await bench.start();
    bench.runner.pause('stock');
    await bench.clock.whenIdle();
    await giveUp('m1');
    await bench.clock.advance(60_000);
    expect(parkedIds()).toEqual([]);
    expect(deadLetters().pending).toMatchObject([{ deliveries: 0 }]);
    expect(bench.runner.health().loops).toMatchObject([{ state: 'paused' }, { state: 'paused' }]);
    bench.runner.resume('stock');
    await bench.clock.whenIdle();
    expect(parkedIds()).toEqual(['m1']);
  });

  it('takes one of the slots of the group at most, and for as long as the row takes', async () => {
    given({ group: { concurrency: 2 } });
    let write = (): void => undefined;
    const park = bench.deliveries.park.bind(bench.deliveries);
    bench.deliveries.park = async (...args) => {
      await new Promise<void>((resolve) => (write = resolve));
      return park(...args);
    };
    await bench.start();
    for (const id of ['m1', 'm2', 'm3']) await giveUp(id);
    expect(deadLetters().pending.map(({ deliveries }) => deliveries)).toEqual([1, 0, 0]);
    await bench.publish('n1');
    await bench.publish('n2');
    expect(bench.deliveries.effects).toEqual(['n1', 'n2']);
    for (let i = 0; i < 3; i++) {
      write();
      await bench.clock.whenIdle();
    }
    expect(parkedIds()).toEqual(['m1', 'm2', 'm3']);
  });

  it('stops with the rest, and drain waits for the row and its acknowledgement', async () => {
    given();
    let write = (): void => undefined;
    const park = bench.deliveries.park.bind(bench.deliveries);
    bench.deliveries.park = async (...args) => {
      await new Promise<void>((resolve) => (write = resolve));
      return park(...args);
    };
    await bench.start();
    await giveUp('m1');
    let report: unknown = 'waiting';
    void bench.drain(20_000).then((value) => (report = value));
    await giveUp('m2');
    await bench.clock.advance(10_000);
    expect(report).toBe('waiting');
    bench.broker.pause();
    write();
    await bench.clock.whenIdle();
    expect(report).toBe('waiting');
    bench.broker.resume();
    await bench.clock.whenIdle();
    expect(report).toEqual({ abandoned: 0 });
    expect(parkedIds()).toEqual(['m1']);
    expect(deadLetters().pending).toMatchObject([{ deliveries: 0 }]);
  });

  it('goes on in the same loop when handlers are found later, and knows their topics', async () => {
    given({ topics: { again: { topic: 'shop_orders' }, mails: { topic: 'shop_mails' } }, groups: { mail: {} } });
    const handlers = [handlerOf({ topic: 'mails' })];
    await bench.start(handlers);
    await giveUp('m1');
    handlers.push(
      handlerOf({ topic: 'again', name: 'Again.handle' }),
      handlerOf({ group: 'mail', name: 'Mail.handle' }),
    );
    await bench.start(handlers);
    await giveUp('m2');
    expect(bench.deliveries.errors.map(({ topicAlias }) => topicAlias)).toEqual(['orders', 'again']);
    expect(bench.runner.health().loops.map(({ topic, group }) => `${topic} ${group}`)).toEqual([
      'mails stock',
      '(dead letters) stock',
      'again stock',
      'orders mail',
      '(dead letters) mail',
    ]);
    expect(bench.told('consumer.started')).toHaveLength(5);
    expect(bench.told('consumer.stopped')).toEqual([]);
  });
});

describe('a database', () => {
  it('that is away stops the reading, so that no deliveries of dead letters are burnt', async () => {
    given();
    await bench.start();
    for (const step of ['failures', 'probe'] as const) bench.deliveries.fail(step, { times: Number.POSITIVE_INFINITY });
    await giveUp('m1');
    await giveUp('m2');
    expect(bench.runner.health().down).toEqual([expect.stringContaining('database')]);
    await bench.clock.advance(600_000);
    expect(deadLetters().pending.map(({ deliveries }) => deliveries)).toEqual([1, 0]);
    bench.deliveries.heal();
    await bench.clock.advance(60_000);
    expect(new Set(parkedIds())).toEqual(new Set(['m1', 'm2']));
    expect(bench.runner.health()).toMatchObject({ down: [], degraded: [] });
    expect(bench.told('delivery.parked')).toHaveLength(2);
  });

  it('that refuses the row of one puts that one off by minutes, and stops nothing', async () => {
    given();
    await bench.start();
    bench.deliveries.fail('park', { times: Number.POSITIVE_INFINITY });
    await giveUp('m1');
    await bench.publish('n1');
    expect(bench.deliveries.effects).toEqual(['n1']);
    expect(bench.runner.health().down).toEqual([]);
    const tries = () => deadLetters().pending[0]!.deliveries;
    expect(tries()).toBe(1);
    await bench.clock.advance(290_000);
    expect(tries()).toBe(1);
    await bench.clock.advance(10_000);
    expect(tries()).toBe(2);
    await bench.clock.advance(3_600_000);
    expect(tries()).toBeLessThan(17);
    bench.deliveries.heal();
    await bench.clock.advance(300_000);
    expect(parkedIds()).toEqual(['m1']);
    expect(deadLetters().pending).toEqual([]);
  });
});
