import { PauseBoard } from '../pauses/pause-board.js';
import { ManualClock, memoryTransport, type MemoryTransport } from '../../testing/index.js';
import { MemoryOutboxStore } from '../../testing/memory-store/memory-outbox-store.js';
import { MemoryTransactionContext } from '../../testing/memory-store/memory-transaction-context.js';
import type { MemoryTransaction } from '../../testing/memory-store/memory-transaction.js';
import { resolveOptions } from '../config/resolve-options.js';
import { MqEvents } from '../events/event-bus.js';
import type { NewMessage } from '../message/new-message.js';
import type { Publication } from '../publisher/publishing.js';
import { Publisher } from '../publisher/publisher.js';
import { Deadline } from '../runtime/deadline.js';
import { deferred } from '../runtime/deferred.js';
import { TransportError } from '../transport/transport-error.js';
import { Relay } from './relay.js';

interface Bench {
  readonly clock: ManualClock;
  readonly transport: MemoryTransport;
  readonly store: MemoryOutboxStore;
  readonly relay: Relay;
  readonly events: MqEvents;
  publish(topic: string, message: NewMessage): Promise<Publication>;
  /** Statements so far. */
  calls(): number;
}

let bench: Bench;

/** A relay on a store that counts its statements, and a clock that stands still. */
function given(): Bench {
  const clock = new ManualClock();
  const transport = memoryTransport({ profile: 'http', clock });
  let calls = 0;
  const store = new Proxy(new MemoryOutboxStore(clock), {
    get(target, name: keyof MemoryOutboxStore) {
      const value: unknown = target[name];
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        calls++;
        return (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const options = resolveOptions(
    {
      transport,
      reproduce: { memory: '4MB' },
      topics: { a: { topic: 'A' }, b: { topic: 'B' }, keyed: { topic: 'K', ordered: true } },
    },
    { connection: 'default', poolSize: 10, random: () => 0.5 },
  );
  const events = new MqEvents();
  const relay = new Relay({
    pauses: new PauseBoard(clock, events),
    options,
    store,
    clock,
    random: () => 0,
    events,
    instance: 'test',
  });
  const transactions = new MemoryTransactionContext();
  const publisher = new Publisher<MemoryTransaction>({
    options,
    store,
    transactions,
    relay,
    clock,
    events,
    tracer: null,
    cause: () => null,
  });
  const publish = (topic: string, message: NewMessage): Promise<Publication> =>
    publisher.publish(topic, message, { transaction: 'own' });
  return (bench = { clock, transport, store, relay, events, publish, calls: () => calls });
}

const statuses = (): string[] => [...bench.store.rows.values()].map(({ status }) => status);

afterEach(async () => {
  jest.restoreAllMocks();
  bench.transport.broker.heal();
  await bench.relay.stop(Deadline.in(bench.clock, 0));
});

describe('while the broker is away, the relay', () => {
  it('asks the database no more often than when idle, if nothing waits that could be a probe', async () => {
    const { clock, relay, transport, publish, store, calls } = given();
    relay.immediate.start();
    relay.loop.start();
    transport.broker.failNextSends('unavailable');
    await publish('a', { payload: 1 });
    await clock.advance(100);
    expect(relay.circuit.connectionOpen).toBe(true);
    // Another instance has sent it meanwhile.
    for (const row of store.rows.values()) Object.assign(row, { status: 'SENT', dueAt: null, leaseToken: null });
    await clock.advance(20_000);
    const before = calls();
    await clock.advance(50_000);
    expect(calls() - before).toBeLessThanOrEqual(10);
  });

  it('leaves the waiting rows alone while a probe is on the wire', async () => {
    const { clock, relay, transport, publish, calls } = given();
    relay.immediate.start();
    relay.loop.start();
    transport.broker.failNextSends('unavailable');
    await publish('a', { payload: 0 });
    await clock.whenIdle();
    expect(relay.circuit.connectionOpen).toBe(true);
    for (let n = 1; n < 20; n++) await publish('a', { payload: n });
    await clock.advance(300);
    transport.broker.pause();
    await clock.advance(3_000);
    const before = calls();
    await clock.advance(10_000);
    expect(calls() - before).toBeLessThanOrEqual(2);
    transport.broker.resume();
    await clock.advance(15_000);
    expect(new Set(statuses())).toEqual(new Set(['SENT']));
  });

  it('also probes with rows of an open topic, if there are no others', async () => {
    const { clock, relay, transport, publish, store } = given();
    relay.immediate.start();
    relay.loop.start();
    transport.broker.failNextSends('not-found');
    await publish('a', { payload: 1 });
    await clock.whenIdle();
    transport.broker.failNextSends('unavailable');
    const other = await publish('b', { payload: 2 });
    await clock.whenIdle();
    expect([relay.circuit.connectionOpen, relay.circuit.openTopics]).toEqual([true, ['A']]);
    store.rows.delete(other.messages[0]!.id);
    await clock.advance(30_000);
    expect(statuses()).toEqual(['SENT']);
    expect(relay.circuit.connectionOpen).toBe(false);
  });

  it('passes over rows that cannot be a probe because they stand behind another', async () => {
    const { clock, relay, transport, publish } = given();
    transport.broker.failNextSends(new TransportError('unavailable', 'down', { retryAfterMs: 2_000 }));
    for (let n = 0; n < 30; n++) await publish('keyed', { payload: n, orderingKey: 'k' });
    relay.immediate.start();
    relay.loop.start();
    await clock.advance(10_000);
    expect(relay.circuit.connectionOpen).toBe(false);
    expect(transport.broker.sent.map(({ body }) => Number(body))).toEqual([...Array(30).keys()]);
  });
});

it('does not call a message rolled back that another process leased before it was read back', async () => {
  const { clock, relay, transport, publish, store } = given();
  relay.immediate.start();
  jest.spyOn(MemoryOutboxStore.prototype, 'confirm').mockImplementationOnce(async (refs) => {
    for (const row of store.rows.values()) row.leaseToken = 'somebody else';
    return refs.map(() => null);
  });
  const publication = await publish('a', { payload: 1 });
  await clock.whenIdle();
  expect(await publication.sent()).toMatchObject([{ status: 'pending' }]);
  expect(transport.broker.sent).toEqual([]);
});

it('counts what is on the wire as under way, also when another part of its batch has failed', async () => {
  const { clock, relay, transport, publish } = given();
  jest.spyOn(MemoryOutboxStore.prototype, 'blocked').mockRejectedValueOnce(new Error('the database is away'));
  await publish('keyed', { payload: 1, orderingKey: 'k' });
  await publish('a', { payload: 2 });
  await clock.advance(31_000);
  transport.broker.pause();
  let ended = false;
  const pass = relay.loop.runOnce().then(
    () => (ended = true),
    () => (ended = true),
  );
  await clock.whenIdle();
  expect(ended).toBe(false);
  transport.broker.resume();
  await pass;
  expect(transport.broker.sent.map(({ body }) => body)).toEqual(['2']);
});

it('goes on looking for stranded rows when it was started again while the database kept the last look waiting', async () => {
  const { clock, relay } = given();
  let answer!: () => void;
  const frozen = new Promise<null>((resolve) => (answer = () => resolve(null)));
  const looks = jest.spyOn(MemoryOutboxStore.prototype, 'wakeStranded').mockReturnValueOnce(frozen);
  relay.stranded.start();
  await clock.advance(90_000);
  expect(looks).toHaveBeenCalledTimes(1);
  const stopped = relay.stranded.stop();
  relay.stranded.start();
  answer();
  await stopped;
  await clock.advance(90_000);
  expect(looks.mock.calls.length).toBeGreaterThan(1);
  looks.mockRestore();
});

it('asks at each start who else publishes into its tables, also after a stop in the middle of the answer', async () => {
  const { clock, relay } = given();
  const answer = deferred<[]>();
  const asked = jest.spyOn(MemoryOutboxStore.prototype, 'recentOwners').mockReturnValueOnce(answer.promise);
  relay.orphans.start();
  await clock.whenIdle();
  void relay.orphans.stop();
  relay.orphans.start();
  answer.resolve([]);
  await clock.whenIdle();
  expect(asked).toHaveBeenCalledTimes(2);
});

it('ends only when what it released is off the wire', async () => {
  const { clock, relay, transport, publish, store } = given();
  for (let n = 0; n < 2; n++) await publish('keyed', { payload: n, orderingKey: 'k' });
  const [head, follower] = [...store.rows.values()];
  Object.assign(follower!, { status: 'PENDING', deferred: true, leaseToken: null });
  const { orderKey } = head!;
  Object.assign(head!, { status: 'CANCELLED', orderKey: null, dueAt: null, leaseToken: null });
  transport.broker.pause();
  relay.release([orderKey!]);
  await clock.whenIdle();
  let ended = false;
  const stopped = relay.stop(Deadline.in(clock, 10_000)).then(() => (ended = true));
  await clock.advance(1_000);
  expect(ended).toBe(false);
  transport.broker.resume();
  await stopped;
  expect(statuses()).toEqual(['CANCELLED', 'SENT']);
});

it('gives back what the immediate sender has no room for in bulk, and the relay sends it', async () => {
  const { clock, relay, transport, publish } = given();
  const reschedules = jest.spyOn(MemoryOutboxStore.prototype, 'reschedule');
  transport.broker.pause();
  relay.immediate.start();
  const payload = 'x'.repeat(65_536);
  await Promise.all(Array.from({ length: 100 }, (_, n) => publish('a', { payload: `${n}${payload}` })));
  await clock.whenIdle();
  const givenBack = reschedules.mock.calls.flatMap(([changes]) => changes);
  // 4 MB hold 15 of these, each counted four times.
  expect(givenBack).toHaveLength(85);
  expect(reschedules.mock.calls.length).toBeLessThan(20);
  transport.broker.resume();
  relay.loop.start();
  await clock.advance(20_000);
  expect(transport.broker.sent).toHaveLength(100);
  expect(new Set(statuses())).toEqual(new Set(['SENT']));
});

it('claims no more than its memory holds, and goes on when there is room', async () => {
  const { clock, relay, transport, publish } = given();
  const payload = 'x'.repeat(65_536);
  await Promise.all(Array.from({ length: 40 }, (_, n) => publish('a', { payload: `${n}${payload}` })));
  await clock.advance(31_000);
  transport.broker.pause();
  relay.loop.start();
  await clock.advance(1_000);
  expect(statuses().filter((status) => status === 'SENDING').length).toBeLessThanOrEqual(16);
  transport.broker.resume();
  await clock.advance(10_000);
  expect(transport.broker.sent).toHaveLength(40);
});

it('sends what stands behind nobody, however much of one key is asleep or due before it', async () => {
  const { clock, relay, transport, publish, store } = given();
  for (let n = 0; n < 1_000; n++) await publish('keyed', { payload: n, orderingKey: 'crowd' });
  // As an outage leaves it: all due, and the head backs off.
  for (const row of store.rows.values())
    Object.assign(row, { status: 'PENDING', dueAt: clock.now(), leaseToken: null, startedCount: 0 });
  const [head] = store.rows.values();
  head!.dueAt = clock.now() + 3_600_000;
  await clock.advance(1_000);
  const [fresh] = (await publish('keyed', { payload: 'fresh', orderingKey: 'other' })).messages;
  Object.assign(store.rows.get(fresh!.id)!, { status: 'PENDING', dueAt: clock.now(), leaseToken: null });
  const claims = jest.spyOn(MemoryOutboxStore.prototype, 'claim');
  relay.loop.start();
  await clock.advance(200);
  const claimed = await Promise.all(
    claims.mock.results.map(({ value }) => value as ReturnType<MemoryOutboxStore['claim']>),
  );
  const found = claimed.findIndex(({ rows }) => rows.some(({ id }) => id === fresh!.id));
  // Before the crowd was through, which takes ten claims.
  expect(found).toBeGreaterThan(0);
  expect(found).toBeLessThan(6);
  await clock.advance(10_000);
  expect(transport.broker.sent.map(({ body }) => body)).toEqual(['"fresh"']);
  claims.mockClear();
  await clock.advance((3 * 3_600_000) / 4);
  const later = await Promise.all(
    claims.mock.results.map(({ value }) => value as ReturnType<MemoryOutboxStore['claim']>),
  );
  expect(later.flatMap(({ rows }) => rows)).toEqual([]);
});

it('gives back the memory of rows that are sent, although a key of theirs goes on', async () => {
  const { clock, relay, transport, publish, store } = given();
  // Four times its size is as much as the budget.
  const first = await publish('keyed', { payload: 'x'.repeat(1_000_000), orderingKey: 'k' });
  const send = transport.send.bind(transport);
  let go!: () => void;
  const held = new Promise<void>((resolve) => (go = resolve));
  jest.spyOn(transport, 'send').mockImplementation(async (message, signal) => {
    if (message.body.toString() === '2') await held;
    return send(message, signal);
  });
  const follower = await publish('keyed', { payload: 2, orderingKey: 'k' });
  await clock.whenIdle();
  Object.assign(store.rows.get(follower.messages[0]!.id)!, { deferred: true, dueAt: clock.now() + 3_600_000 });
  relay.immediate.start();
  relay.loop.start();
  await clock.advance(100);
  const statusOf = ({ messages }: Publication): string => store.rows.get(messages[0]!.id)!.status;
  expect([first, follower].map(statusOf)).toEqual(['SENT', 'SENDING']);
  const other = await publish('a', { payload: 'y'.repeat(500_000) });
  await clock.advance(100);
  expect(statusOf(other)).toBe('SENT');
  go();
  await clock.whenIdle();
  expect(statusOf(follower)).toBe('SENT');
});

it('gives the rows of an open topic back in bulk, although it may send only one at a time', async () => {
  const { clock, relay, transport, publish } = given();
  relay.immediate.start();
  relay.loop.start();
  const leaveTwo = (): void =>
    transport.broker.failNextSends(new TransportError('unanswered', 'left out'), { times: 2 });
  leaveTwo();
  for (let n = 0; n < 2; n++) await publish('a', { payload: n });
  await clock.whenIdle();
  expect(relay.circuit.openTopics).toEqual(['A']);
  await clock.advance(10_000);
  expect([relay.circuit.openTopics, new Set(statuses())]).toEqual([[], new Set(['SENT'])]);

  const write = MemoryOutboxStore.prototype.reschedule;
  const reschedules = jest.spyOn(MemoryOutboxStore.prototype, 'reschedule').mockImplementation(async function (
    this: MemoryOutboxStore,
    changes,
  ) {
    await clock.sleep(5);
    return write.call(this, changes);
  });
  leaveTwo();
  await Promise.all(Array.from({ length: 100 }, (_, n) => publish('a', { payload: n })));
  await clock.advance(50);
  expect(relay.circuit.openTopics).toEqual(['A']);
  const calls = [...reschedules.mock.calls];
  await clock.advance(30_000);
  expect(calls.flatMap(([changes]) => changes).length).toBeGreaterThan(90);
  expect(calls.length).toBeLessThan(10);
  expect(new Set(statuses())).toEqual(new Set(['SENT']));
});

it('gives back the attempts of an outage also when all of its failures come in one turn of the event loop', async () => {
  const { clock, relay, transport, store, publish } = given();
  relay.immediate.start();
  transport.broker.failNextSends('unknown', { times: 5 });
  await Promise.all(Array.from({ length: 5 }, (_, i) => publish('a', { payload: i })));
  await clock.advance(100);
  expect(relay.circuit.connectionOpen).toBe(true);
  expect([...store.rows.values()].map(({ failedCount }) => failedCount)).toEqual([0, 0, 0, 0, 0]);
});
