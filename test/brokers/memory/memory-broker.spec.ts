import { ManualClock, memoryTransport, MemoryBroker } from 'nestjs-reliable-mq/testing';
import { outbound, subscription, type Outbound } from '../../support/transport/messages.js';
import { failure, never } from '../../support/transport/stage.js';

type Source = ReturnType<ReturnType<typeof memoryTransport>['subscribe']>;

const MINUTE = 60_000;
const poll = (source: Source, max = 10): Promise<(string | null)[]> =>
  source.receive({ max, waitMs: 0, leaseMs: MINUTE }, never).then((found) => found.map(({ message }) => message.key));

it('tells what was published, also to a group that comes later', async () => {
  const transport = memoryTransport();
  await transport.send(outbound({ topic: 'a', key: '1' }), never);
  await transport.send(outbound({ topic: 'b', key: '2' }), never);
  expect(transport.broker.sent.map(({ key }) => key)).toEqual(['1', '2']);
  expect(await poll(transport.subscribe(subscription({ topic: 'a' })))).toEqual(['1']);
});

it('is shared by the transports that are given it', async () => {
  const broker = new MemoryBroker();
  await memoryTransport({ broker }).send(outbound({ key: '1' }), never);
  expect(await poll(memoryTransport({ broker, profile: 'http' }).subscribe(subscription()))).toEqual(['1']);
});

it('keeps instances apart', async () => {
  const transport = memoryTransport();
  await transport.send(outbound({ instanceId: 'I' }), never);
  expect(await poll(transport.subscribe(subscription()))).toEqual([]);
  expect(await poll(transport.subscribe(subscription({ instanceId: 'I' })))).toEqual(['key-1']);
});

it('has the leases of the real service in its http profile', async () => {
  const clock = new ManualClock();
  const source = memoryTransport({ profile: 'http', clock });
  const lease = async (ordered: boolean): Promise<number> => {
    await source.send(outbound({ topic: `t-${ordered}` }), never);
    const [delivery] = await source
      .subscribe(subscription({ topic: `t-${ordered}`, ordered }))
      .receive({ max: 1, waitMs: 0, leaseMs: 5 }, never);
    return delivery!.leaseEndsAt - clock.monotonic();
  };
  expect(await lease(false)).toBe(5 * MINUTE);
  expect(await lease(true)).toBe(MINUTE);
});

it('delivers again at the end of the lease, and gives up after so many deliveries', async () => {
  const clock = new ManualClock();
  const transport = memoryTransport({ profile: 'http', clock, maxDeliveries: 3 });
  const source = transport.subscribe(subscription());
  await transport.send(outbound(), never);
  for (let delivered = 0; delivered < 3; delivered++) {
    expect(await poll(source)).toEqual(['key-1']);
    await clock.advance(5 * MINUTE - 1);
    expect(await poll(source)).toEqual([]);
    await clock.advance(1);
  }
  expect(await poll(source)).toEqual([]);
  expect(transport.broker.stateOf('orders', 'GID_stock')).toMatchObject({ pending: 0, dead: [{ key: 'key-1' }] });
});

it('redelivers a key from its first unacknowledged message, those behind it included', async () => {
  const clock = new ManualClock();
  const transport = memoryTransport({ clock });
  const source = transport.subscribe(subscription({ ordered: true }));
  const all: Partial<Outbound>[] = [
    { key: 'a1', orderingKey: 'a' },
    { key: 'a2', orderingKey: 'a' },
    { key: 'b1', orderingKey: 'b' },
    { key: 'a3', orderingKey: 'a' },
  ];
  for (const message of all) await transport.send(outbound(message), never);
  const [a1, a2, b1] = await source.receive({ max: 3, waitMs: 0, leaseMs: MINUTE }, never);
  expect(await source.ack([a2!, b1!], never)).toEqual(['done', 'done']);
  expect(await poll(source)).toEqual([]);
  await clock.advance(MINUTE);
  expect(await source.ack([a1!], never)).toEqual(['lease-lost']);
  const again = await source.receive({ max: 9, waitMs: 0, leaseMs: MINUTE }, never);
  expect(again.map(({ message, deliveryCount }) => [message.key, deliveryCount])).toEqual([
    ['a1', 2],
    ['a2', 2],
    ['a3', 1],
  ]);
  expect(await source.ack(again, never)).toEqual(['done', 'done', 'done']);
  expect(transport.broker.stateOf('orders', 'GID_stock').pending).toBe(0);
});

it('holds a message until its time on the clock of the test', async () => {
  const clock = new ManualClock();
  const transport = memoryTransport({ clock });
  const source = transport.subscribe(subscription());
  await transport.send(outbound({ deliverAt: clock.now() + MINUTE }), never);
  const waiting = source.receive({ max: 1, waitMs: 5 * MINUTE, leaseMs: MINUTE }, never);
  await clock.advance(MINUTE - 1);
  expect(transport.broker.stateOf('orders', 'GID_stock').pending).toBe(1);
  await clock.advance(1);
  expect((await waiting).map(({ message }) => message.key)).toEqual(['key-1']);
});

describe('what a test can make fail', () => {
  it('is the next publishes, with or without the message being taken', async () => {
    const { broker, publish } = withPublish();
    broker.failNextSends('throttled', { times: 2 });
    broker.failNextSends('unknown', { stored: true });
    expect(await publish('1')).toBe('throttled');
    expect(await publish('2')).toBe('throttled');
    expect(await publish('3')).toBe('unknown');
    expect(await publish('4')).toBe('sent');
    expect(broker.sent.map(({ key }) => key)).toEqual(['3', '4']);
    broker.failNextSends('unavailable', { times: Number.POSITIVE_INFINITY });
    expect(await publish('5')).toBe('unavailable');
    broker.heal();
    expect(await publish('6')).toBe('sent');
  });

  it('is everything, while the broker is down', async () => {
    const { broker, publish, source } = withPublish();
    await publish('1');
    const found = await source.receive({ max: 1, waitMs: 0, leaseMs: MINUTE }, never);
    const waiting = failure(source.receive({ max: 1, waitMs: MINUTE, leaseMs: MINUTE }, never));
    broker.goDown();
    expect((await waiting).kind).toBe('unavailable');
    expect(await publish('2')).toBe('unavailable');
    expect(await source.ack(found, never)).toEqual(['unknown']);
    broker.heal();
    expect(await source.ack(found, never)).toEqual(['done']);
  });

  it('is acknowledgements that get lost', async () => {
    const { broker, publish, source } = withPublish();
    await publish('1');
    broker.loseNextAcks();
    const found = await source.receive({ max: 1, waitMs: 0, leaseMs: MINUTE }, never);
    expect(await source.ack(found, never)).toEqual(['unknown']);
    expect(broker.stateOf('orders', 'GID_stock').pending).toBe(1);
    expect(await source.ack(found, never)).toEqual(['done']);
  });

  it('is answering at all, until it is resumed or the caller gives up', async () => {
    const { broker, publish, transport } = withPublish();
    broker.pause();
    let answered = false;
    const waiting = publish('1').finally(() => (answered = true));
    const caller = new AbortController();
    const givenUp = failure(transport.send(outbound({ key: '2' }), caller.signal));
    caller.abort();
    expect((await givenUp).kind).toBe('aborted');
    expect(answered).toBe(false);
    broker.resume();
    expect(await waiting).toBe('sent');
    expect(broker.sent.map(({ key }) => key)).toEqual(['1']);
  });
});

function withPublish(): {
  transport: ReturnType<typeof memoryTransport>;
  broker: MemoryBroker;
  source: Source;
  publish: (key: string) => Promise<string>;
} {
  const transport = memoryTransport();
  const publish = (key: string): Promise<string> =>
    transport.send(outbound({ key }), never).then(
      () => 'sent',
      (error: unknown) => (error as { kind: string }).kind,
    );
  return { transport, broker: transport.broker, source: transport.subscribe(subscription()), publish };
}
