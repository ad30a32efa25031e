import { deferred, type Deferred } from '../../../../libs/mq/src/core/runtime/deferred.js';
import type { Delivery } from '../../../../libs/mq/src/core/transport/transport.js';
import { ManualClock } from 'nestjs-reliable-mq/testing';
import { PollSet } from '../../../../libs/mq/src/transports/rocketmq/receive/poll-set.js';

const LEASE_MS = 30_000;
const NEVER = new AbortController().signal;

interface Asked extends Deferred<Delivery[]> {
  readonly broker: string;
  readonly max: number;
}

/** Polls of brokers `a`, `b`, … that answer when the test says so; what was prolonged and given back, by name. */
function given(brokers = 2) {
  const clock = new ManualClock();
  const asked: Asked[] = [];
  const open: Asked[] = [];
  const extended: string[] = [];
  const returned: string[] = [];
  const prolong = (delivery: Delivery): Promise<Delivery | null> =>
    Promise.resolve({ ...delivery, leaseEndsAt: clock.monotonic() + LEASE_MS, handle: 'extended' });
  const broker = { prolong };
  const polls = new PollSet(
    ({ brokerName }, { max }, signal) => {
      const poll = { broker: brokerName, max, ...deferred<Delivery[]>() };
      asked.push(poll);
      open.push(poll);
      signal.addEventListener('abort', () => poll.reject(new Error('given up')));
      return poll.promise.finally(() => open.splice(open.indexOf(poll), 1));
    },
    {
      extend: (delivery) => {
        extended.push(name(delivery));
        return broker.prolong(delivery);
      },
      giveBack: (delivery) => Promise.resolve(returned.push(name(delivery))),
    },
    clock,
  );
  const names = ['a', 'b', 'c'].slice(0, brokers);
  const queues = names.map((brokerName) => ({ id: 0, brokerName, takenBy: brokerName, endpoint: {} as never }));
  const answer = async (from: string, ...deliveries: Delivery[]): Promise<void> => {
    open.find((poll) => poll.broker === from)!.resolve(deliveries);
    await clock.whenIdle();
  };
  return {
    clock,
    extended,
    returned,
    broker,
    polls,
    answer,
    /** A message with a lease that begins now. */
    message: (id: string, more: Partial<Delivery> & { key?: string } = {}): Delivery => ({
      message: { brokerMessageId: id, orderingKey: more.key ?? null } as Delivery['message'],
      deliveryCount: 1,
      leaseEndsAt: clock.monotonic() + LEASE_MS,
      handle: 'first',
      ...more,
    }),
    /** What was asked since the last look: `a4`. */
    news: () => asked.splice(0).map((poll) => `${poll.broker}${poll.max}`),
    /** Names of what comes, once it has come. */
    async receive(max: number, signal = NEVER) {
      const received = polls.receive(queues, { max, waitMs: 20_000, leaseMs: LEASE_MS }, signal);
      received.catch(() => undefined);
      await clock.whenIdle();
      return { names: () => received.then((all) => all.map(name)), deliveries: received };
    },
  };
}

const name = ({ message }: Delivery): string => message.brokerMessageId;

/** One place, taken by a message of `a`; of `b` these came beside it. */
async function crowded(waiting: (bench: ReturnType<typeof given>) => Delivery[]) {
  const bench = given();
  const first = await bench.receive(1);
  await bench.answer('a', bench.message('a1'));
  expect(await first.names()).toEqual(['a1']);
  await bench.answer('b', ...waiting(bench));
  bench.news();
  return bench;
}

describe('places', () => {
  it('are shared by brokers that were asked a moment ago, and one that has waited takes none', async () => {
    const { receive, answer, news, message, clock } = given(3);
    const first = await receive(10);
    expect(news()).toEqual(['a4', 'b3', 'c3']);
    await answer('a', message('a1'));
    expect(await first.names()).toEqual(['a1']);
    const second = await receive(9);
    expect(news()).toEqual(['a3']);
    await clock.advance(100);
    await answer('a', message('a2'));
    await second.names();
    await receive(8);
    expect(news()).toEqual(['a8']);
  });

  it('are never too few to ask everybody', async () => {
    const { receive, news } = given(3);
    await receive(1);
    expect(news()).toEqual(['a1', 'b1', 'c1']);
  });

  it('go to those that wait in memory first, of each broker in turn, and nobody is asked for more meanwhile', async () => {
    const { receive, answer, news, message } = given(3);
    const first = await receive(1);
    news();
    await answer('a', message('a1'));
    await first.names();
    await answer('b', message('b1'), message('b2'));
    await answer('c', message('c1'));
    for (const expected of ['b1', 'c1', 'b2']) expect(await (await receive(1)).names()).toEqual([expected]);
    expect(news()).toEqual([]);
    await receive(1);
    expect(news()).toEqual(['a1', 'b1', 'c1']);
  });
});

describe('what waits in memory', () => {
  it('is prolonged, and handed out under the handle that counts', async () => {
    const { clock, extended, receive } = await crowded(({ message }) => [message('b1')]);
    await clock.advance(2 * LEASE_MS - 1_000);
    expect(extended.length).toBeGreaterThan(2);
    const [delivery] = await (await receive(1)).deliveries;
    expect(delivery).toMatchObject({ handle: 'extended', deliveryCount: 1 });
    expect(delivery!.leaseEndsAt).toBeGreaterThan(clock.monotonic());
    const before = extended.length;
    await clock.advance(10 * LEASE_MS);
    expect(extended).toHaveLength(before);
  });

  it('is given back when nobody has taken it for the lease of each broker, and asked for again', async () => {
    const { clock, returned, receive, news } = await crowded(({ message }) => [message('b1'), message('b2')]);
    await clock.advance(2 * LEASE_MS - 1_000);
    expect(returned).toEqual([]);
    await clock.advance(2_000);
    expect(returned).toEqual(['b1', 'b2']);
    await receive(2);
    expect(news()).toEqual(['a1', 'b1']);
  });

  it.each([
    ['came often already', { deliveryCount: 6 }],
    ['is on its last delivery', { isLast: true }],
  ])('stays, with what came after it, if it %s', async (_, delivery) => {
    const { clock, returned, receive } = await crowded(({ message }) => [message('b1'), message('b2', delivery)]);
    await clock.advance(20 * LEASE_MS);
    expect(returned).toEqual([]);
    expect(await (await receive(2)).names()).toEqual(['b1', 'b2']);
  });

  it('goes back when nobody will ask for a while; and all of it at the end', async () => {
    const { returned, receive, polls, answer, message } = await crowded(({ message: of }) => [of('b1'), of('b2')]);
    expect(await (await receive(1)).names()).toEqual(['b1']);
    await polls.rest();
    expect(returned).toEqual(['b2']);
    const next = await receive(1);
    await answer('a', message('a2'));
    await next.names();
    await answer('b', message('b3'));
    await polls.rest();
    expect(returned).toEqual(['b2', 'b3']);
    const last = await receive(1);
    await answer('a', message('a3'));
    await last.names();
    await answer('b', message('b4', { isLast: true }));
    await polls.rest();
    expect(returned).toEqual(['b2', 'b3']);
    await polls.close();
    expect(returned).toEqual(['b2', 'b3', 'b4']);
  });

  it('is also what comes when the caller has given up: the poll goes on, and the next receive hands it out', async () => {
    const { receive, answer, message, news } = given(1);
    const over = new AbortController();
    const first = await receive(1, over.signal);
    over.abort();
    await expect(first.names()).rejects.toMatchObject({ kind: 'aborted' });
    await answer('a', message('a1'));
    expect(await (await receive(1)).names()).toEqual(['a1']);
    expect(news()).toEqual(['a1']);
  });

  it('ends the polls of whoever rests, and the next receive begins anew', async () => {
    const { receive, polls, answer, message, news } = await crowded(() => []);
    const next = await receive(1);
    await answer('a', message('a2'));
    await next.names();
    news();
    await polls.rest();
    await receive(1);
    expect(news()).toEqual(['a1', 'b1']);
  });

  it('is not parted from the others of its key, because whoever has the first knows whether they may follow', async () => {
    const { receive } = await crowded(({ message }) => [
      message('x1', { key: 'x' }),
      message('y1', { key: 'y' }),
      message('x2', { key: 'x' }),
    ]);
    expect(await (await receive(1)).names()).toEqual(['x1', 'x2']);
    expect(await (await receive(1)).names()).toEqual(['y1']);
  });

  it('keeps nobody waiting while its broker owes the answer to an extension', async () => {
    const { clock, broker, receive, answer, message } = await crowded(({ message: of }) => [of('b1')]);
    const owed = deferred<null>();
    broker.prolong = () => owed.promise;
    await clock.advance(LEASE_MS / 2 + 2_000);
    const next = await receive(1);
    await answer('a', message('a2'));
    expect(await next.names()).toEqual(['a2']);
    // Its lease turns out to be lost, so the broker delivers it again.
    const empty = await receive(1);
    owed.resolve(null);
    await clock.whenIdle();
    await answer('a', message('a3'));
    expect(await empty.names()).toEqual(['a3']);
  });

  it('is handed out as soon as the answer to its extension is there', async () => {
    const { clock, broker, receive } = await crowded(({ message }) => [message('b1')]);
    const owed = deferred<void>();
    const { prolong } = broker;
    broker.prolong = (delivery) => owed.promise.then(() => prolong(delivery));
    await clock.advance(LEASE_MS / 2 + 2_000);
    const next = await receive(1);
    owed.resolve();
    expect(await next.names()).toEqual(['b1']);
  });

  it('goes back when the lease of one before it is lost, which the broker delivers again', async () => {
    const { clock, broker, receive, returned, news } = await crowded(({ message }) =>
      ['b1', 'b2', 'b3'].map((id) => message(id, { key: 'x' })),
    );
    const { prolong } = broker;
    broker.prolong = (delivery) => (name(delivery) === 'b2' ? Promise.resolve(null) : prolong(delivery));
    await clock.advance(LEASE_MS / 2 + 2_000);
    expect(returned).toEqual(['b3']);
    expect(await (await receive(1)).names()).toEqual(['b1']);
    await receive(1);
    expect(news()).toEqual(['a1', 'b1']);
  });

  it('is not handed out when this process stood still until its lease was over', async () => {
    const { clock, broker, receive, returned, answer, message } = await crowded(({ message: of }) => [
      of('b1', { leaseEndsAt: 500 }),
      of('b2', { leaseEndsAt: 60_000 }),
    ]);
    broker.prolong = () => new Promise(() => undefined);
    await clock.advance(600);
    expect(await (await receive(1)).names()).toEqual([]);
    expect(returned).toEqual(['b2']);
    const next = await receive(1);
    await answer('a', message('a2'));
    expect(await next.names()).toEqual(['a2']);
  });
});
