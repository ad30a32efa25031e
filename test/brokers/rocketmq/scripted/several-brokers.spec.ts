import { ManualClock } from 'nestjs-reliable-mq/testing';
import { eventually } from '../../../support/eventually.js';
import { delivered, OK, status } from '../../../support/rocketmq/scripted-proxy-answers.js';
import { hang } from '../../../support/rocketmq/scripted-proxy-failure.js';
import type { ScriptedProxy } from '../../../support/rocketmq/scripted-proxy.js';
import {
  bodies,
  failure,
  found,
  never,
  outcome,
  poll,
  SHORT,
  type Source,
  Stage,
  stored,
  timed,
} from '../../../support/transport/rocketmq-stage.js';

/** Of polls at brokers that have nothing: whoever waits for one of them has failed. */
const LONG = { waitMs: 20_000 };
/** What 40 messages may take on a machine that is busy otherwise: less than one wait at a broker that has nothing. */
const FLOWING_MS = 15_000;

let stage: Stage;
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

const asked = (proxy: ScriptedProxy) =>
  proxy.seen('receiveMessage').map(({ request }) => (request as { batchSize: number }).batchSize);
const put = (proxy: ScriptedProxy, count: number, body = 'm') => {
  for (let i = 1; i <= count; i += 1) proxy.store.put(stored(`${body}${i}`));
};

/** Handles `count` messages as a poll loop does: asks for what there are places for, never more than one call at a time. */
async function handle(source: Source, { count, places, oneKey = false, ms = 2 }: Handling): Promise<string[]> {
  const seen: string[] = [];
  let free = places;
  let line = Promise.resolve();
  let freed = (): void => undefined;
  while (seen.length < count) {
    if (free === 0) await new Promise<void>((resolve) => (freed = resolve));
    const batch = await poll(source, { max: free, ...LONG });
    for (const delivery of batch) {
      free -= 1;
      const work = async (): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, ms));
        expect(await source.ack([delivery], never)).toEqual(['done']);
        free += 1;
        freed();
      };
      seen.push(String(delivery.message.body));
      line = oneKey ? line.then(work) : Promise.all([line, work()]).then(() => undefined);
    }
  }
  await line;
  return seen;
}
interface Handling {
  readonly count: number;
  readonly places: number;
  readonly oneKey?: boolean;
  readonly ms?: number;
}

describe('polls at several brokers', () => {
  it('are not held up by an idle one, share the places while both are new, and lose nothing that comes late', async () => {
    const second = await stage.secondBroker();
    const source = stage.source();
    const receiving = poll(source, { max: 8, ...LONG });
    await eventually(() => asked(stage.proxy).length + asked(second).length === 2);
    expect([...asked(stage.proxy), ...asked(second)]).toEqual([4, 4]);
    second.store.put(stored('fast'));
    expect(bodies(await receiving)).toEqual(['fast']);
    stage.proxy.store.put(stored('late'));
    expect(bodies(await poll(source, { max: 8, ...LONG }))).toEqual(['late']);
    // The broker that was still being asked was not asked again.
    expect(asked(stage.proxy)).toEqual([4]);
  });

  it.each([
    ['40 messages of one key, 4 places', { count: 40, places: 4, oneKey: true }],
    ['40 messages, 1 place', { count: 40, places: 1 }],
    ['40 messages, 4 places', { count: 40, places: 4 }],
  ])('bring what one has, however long the other has nothing: %s', async (_, handling) => {
    await stage.secondBroker();
    put(stage.proxy, 40);
    expect(await timed(() => handle(stage.source(), handling))).toBeLessThan(FLOWING_MS);
  });

  it('bring what one has while the other is frozen, from the start or later', async () => {
    const second = await stage.secondBroker();
    const source = stage.source({}, SHORT);
    put(stage.proxy, 40);
    second.network.swallowing = true;
    expect(await timed(() => handle(source, { count: 40, places: 2 }))).toBeLessThan(FLOWING_MS);
    second.network.swallowing = false;
    put(second, 1, 'back');
    expect(await handle(source, { count: 1, places: 2 })).toEqual(['back1']);
    second.network.swallowing = true;
    put(stage.proxy, 40);
    expect(await timed(() => handle(source, { count: 40, places: 2 }))).toBeLessThan(FLOWING_MS);
  });

  it('fill all places from one broker, once the other has shown that it has nothing', async () => {
    const second = await stage.secondBroker();
    const source = stage.source();
    const receiving = poll(source, { max: 16, ...LONG });
    await eventually(() => asked(second).length === 1);
    const idleSince = performance.now();
    await eventually(() => performance.now() - idleSince > 200);
    put(stage.proxy, 20);
    const first = await receiving;
    await poll(source, { max: 16 - first.length, ...LONG });
    expect(asked(stage.proxy)).toEqual([8, 16 - first.length]);
    expect(asked(second)).toEqual([8]);
  });

  it('reach every broker although there is one place, and one of them has more than anybody handles', async () => {
    const [first, second, third] = await stage.threeBrokers();
    put(first, 30, 'a');
    put(second, 1, 'b');
    put(third, 1, 'c');
    const seen = await handle(stage.source(), { count: 12, places: 1, ms: 50 });
    expect(seen).toEqual(expect.arrayContaining(['b1', 'c1']));
  });

  it('go on while one broker is away, and find it when it is back without waiting for an idle one', async () => {
    const second = await stage.secondBroker();
    const source = stage.source();
    expect(await poll(source)).toEqual([]);
    await second.network.down();
    stage.proxy.store.put(stored('a'));
    expect(bodies(await found(source, LONG))).toEqual(['a']);
    const before = asked(stage.proxy).length;
    const waiting = poll(source, LONG);
    await eventually(() => asked(stage.proxy).length > before);
    await second.network.up();
    second.store.put(stored('b'));
    expect(await timed(() => waiting)).toBeLessThan(15_000);
    expect(bodies(await waiting)).toEqual(['b']);
  });

  it('go on at the others while one that has not yet registered its topics is the one that knows routes', async () => {
    const second = await stage.secondBroker();
    const source = stage.source();
    put(second, 1, 'before');
    expect(bodies(await poll(source, LONG))).toEqual(['before1']);
    const questions = () => stage.proxy.seen('queryRoute').length;
    stage.proxy.routes.clear();
    stage.proxy.script.receiveMessage = async function* () {
      yield await Promise.resolve({ status: status('TOPIC_NOT_FOUND') });
    };
    // The poll that is under way there ends, and the next one hears that there is no such topic.
    put(stage.proxy, 1, 'last');
    expect(bodies(await poll(source, LONG))).toEqual(['last1']);
    const before = questions();
    const seen: string[] = [];
    for (let n = 1; n <= 20 || questions() === before; n += 1) {
      put(second, 1, `after ${n} `);
      seen.push(...bodies(await poll(source, LONG)));
    }
    expect(seen.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, n) => `after ${n + 1} 1`));
  });

  it('tell what failed when no other broker has anything, and while others work only now and then', async () => {
    const clock = new ManualClock(Date.now());
    const second = await stage.secondBroker();
    second.script.receiveMessage = () => answer(status('UNAUTHORIZED'));
    const source = stage.source({}, { clock });
    const kinds = async (times: number): Promise<string[]> => {
      const seen: string[] = [];
      for (let i = 0; i < times; i += 1) seen.push(await outcome(poll(source), () => 'nothing'));
      return seen;
    };
    expect((await kinds(4)).toSorted()).toEqual(['auth', 'nothing', 'nothing', 'nothing']);
    await clock.advance(60_000);
    expect((await kinds(4)).toSorted()).toEqual(['auth', 'nothing', 'nothing', 'nothing']);
    stage.proxy.script.receiveMessage = () => answer(status('UNAUTHORIZED'));
    await clock.advance(2_000);
    expect((await failure(poll(source))).kind).toBe('auth');
    for (const proxy of [stage.proxy, second]) proxy.script.receiveMessage = () => answer(status('MESSAGE_NOT_FOUND'));
    await clock.advance(2_000);
    await eventually(async () => (await outcome(poll(source), () => 'fine')) === 'fine');
  });

  it('are ended by their caller at once, with what had come', async () => {
    const second = await stage.secondBroker();
    const source = stage.source();
    const over = new AbortController();
    second.script.receiveMessage = async function* () {
      yield { status: OK };
      yield { message: delivered(stored('half'), 'h1') };
      await hang();
    };
    const receiving = poll(source, LONG, over.signal);
    await eventually(() => asked(stage.proxy).length + asked(second).length === 2);
    over.abort();
    const part = await receiving.catch(() => []);
    // Whether the part was read before the call ended is a matter of luck; that nothing hangs is not.
    expect(bodies(part)).toEqual(part.length === 0 ? [] : ['half']);
    expect(await timed(() => poll(source, LONG, over.signal))).toBeLessThan(15_000);
  });
});

async function* answer(what: object): AsyncGenerator<object> {
  yield { status: what };
}
