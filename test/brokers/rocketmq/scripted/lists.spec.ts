import { ManualClock } from 'nestjs-reliable-mq/testing';
import { eventually } from '../../../support/eventually.js';
import type { Message, SendMessageRequest } from '../../../support/rocketmq/protocol.js';
import { OK, status } from '../../../support/rocketmq/scripted-proxy-answers.js';
import { hang } from '../../../support/rocketmq/scripted-proxy-failure.js';
import { failure, never, outbound, outcome, Stage, type Transport } from '../../../support/transport/rocketmq-stage.js';

const MIB = 1_048_576;
const NO_TAG = status('ILLEGAL_MESSAGE_TAG', "tag cannot contain '|'");

let stage: Stage;
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

/** The requests to send, each with its messages. */
const requests = (): Message[][] =>
  stage.proxy.seen('sendMessage').map(({ request }) => (request as SendMessageRequest).messages ?? []);
const sizes = (): number[] => requests().map(({ length }) => length);
const bodiesOf = (messages: readonly Message[]): string[] => messages.map(({ body }) => String(body));
/** Each with a name of its own, which is its body and its id. */
const named = (name: string, fields: Partial<ReturnType<typeof outbound>> = {}) =>
  outbound({ key: `key of ${name}`, body: name, properties: { 'mq-id': name }, ...fields });
const names = (count: number, prefix = 'm'): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
const kindOf = (call: Promise<unknown>): Promise<string> => outcome(call, () => 'sent');
const kinds = (calls: readonly Promise<unknown>[]): Promise<string[]> => Promise.all(calls.map(kindOf));

/** Answers nothing until it is told to. */
function holding(): { readonly letGo: () => void } {
  const held: (() => void)[] = [];
  stage.proxy.script.sendMessage = async (request) => {
    await new Promise<void>((resolve) => held.push(resolve));
    return stage.proxy.store.send(request);
  };
  return { letGo: () => held.shift()?.() };
}

/** As many calls under way as messages go without waiting for. */
async function occupy(transport: Transport): Promise<Promise<string>[]> {
  const calls: Promise<string>[] = [];
  for (const name of names(4, 'early')) {
    calls.push(kindOf(transport.send(named(name), never)));
    await eventually(() => requests().length === calls.length);
  }
  return calls;
}

describe('messages of one topic that are sent together', () => {
  it('share requests, each with what is its own, and are told with the ids under which they arrive', async () => {
    const transport = stage.transport();
    const receipts = await Promise.all(
      names(40).map((name) => transport.send(named(name, { tag: `tag-${name}` }), never)),
    );
    expect(sizes()).toEqual([32, 8]);
    expect(requests().flat()).toMatchObject(
      names(40).map((name, n) => ({
        topic: { name: 'orders' },
        userProperties: { 'mq-id': name, 'mq-topic': 'orders' },
        systemProperties: {
          tag: `tag-${name}`,
          keys: [`key of ${name}`],
          messageType: 'NORMAL',
          messageId: receipts[n]!.brokerMessageId,
        },
        body: Buffer.from(name),
      })),
    );
    expect(new Set(receipts.map(({ brokerMessageId }) => brokerMessageId)).size).toBe(40);
    expect(receipts.every(({ broker }) => broker === 'broker-a')).toBe(true);
  });

  it('name one queue', async () => {
    const transport = stage.transport();
    await kinds(names(8).map((name) => transport.send(named(name), never)));
    expect(sizes()).toEqual([8]);
    expect(new Set(requests()[0]!.map(({ systemProperties }) => systemProperties?.queueId)).size).toBe(1);
  });

  it('go to the broker that each would go to by itself', async () => {
    const second = await stage.secondBroker({ queues: 1 });
    const transport = stage.transport();
    // Then both know us, and what is sent at once is sent in one turn.
    for (const name of names(2, 'first')) await transport.send(named(name), never);
    await kinds(names(8).map((name) => transport.send(named(name), never)));
    expect([...sizes(), second.seen('sendMessage').length]).toEqual([1, 4, 2]);
  });

  it('share no request with those of another topic', async () => {
    stage.proxy.topic('bills');
    const transport = stage.transport();
    const topics = ['orders', 'bills', 'orders', 'bills', 'orders'];
    await kinds(topics.map((topic, n) => transport.send(named(`m${n}`, { topic }), never)));
    const found = requests().map((messages) => messages.map(({ topic }) => topic?.name));
    expect(found.toSorted((a, b) => a.length - b.length)).toEqual([
      ['bills', 'bills'],
      ['orders', 'orders', 'orders'],
    ]);
  });

  it('share none with what has a delay or an order', async () => {
    stage.proxy.topic('orders', { types: ['NORMAL', 'DELAY', 'FIFO'] });
    const transport = stage.transport();
    const wishes = [{}, { deliverAt: Date.now() + 5_000 }, {}, { orderingKey: 'k' }, { orderingKey: 'k' }, {}];
    await kinds(wishes.map((wish, n) => transport.send(named(`m${n}`, wish), never)));
    const types = requests().map((messages) => messages.map(({ systemProperties }) => systemProperties?.messageType));
    expect(types.toSorted((a, b) => a.length - b.length)).toEqual(
      expect.arrayContaining([['DELAY'], ['FIFO'], ['FIFO'], ['NORMAL', 'NORMAL', 'NORMAL']]),
    );
    expect(types).toHaveLength(4);
  });

  it.each(['DELAY', 'FIFO'] as const)('share none on a topic that knows nothing but %s', async (type) => {
    stage.proxy.topic('orders', { types: [type] });
    const transport = stage.transport();
    await kinds(names(3).map((name) => transport.send(named(name), never)));
    expect(sizes()).toEqual([1, 1, 1]);
  });

  it('share none above 1 MiB of bodies', async () => {
    const transport = stage.transport();
    const body = (bytes: number) => outbound({ body: 'x'.repeat(bytes) });
    const large = [0.4, 0.4, 0.4, 1, 1.1, 0.2].map((mib) => body(mib * MIB));
    await kinds(large.map((message) => transport.send(message, never)));
    const found = requests().map((messages) => messages.map(({ body: sent }) => sent!.length / MIB));
    const asText = found.map((each) => each.map((mib) => mib.toFixed(1)).join(' '));
    expect(asText.toSorted()).toEqual(['0.4', '0.4 0.4 0.2', '1.0', '1.1']);
  });

  it('are not sent when the way there took so long that it is too late to begin', async () => {
    const clock = new ManualClock(Date.now());
    const messageQueues = stage.proxy.routes.get('orders');
    stage.proxy.script.queryRoute = async () => {
      await clock.advance(10_001);
      return { status: OK, messageQueues };
    };
    const transport = stage.transport({ clock, connectTimeout: '5s' });
    const outcomes = await kinds(names(3).map((name) => transport.send(named(name), never)));
    expect(outcomes).toEqual(Array(3).fill('unavailable'));
    expect(sizes()).toEqual([]);
  });

  it('share none at an instance of Alibaba Cloud', async () => {
    const transport = stage.transport({ profile: 'aliyun' });
    expect(await kinds(names(8).map((name) => transport.send(named(name), never)))).toEqual(Array(8).fill('sent'));
    expect(sizes()).toEqual(Array(8).fill(1));
  });
});

describe('a message that comes by itself', () => {
  it('waits for nobody, and with three calls under way neither', async () => {
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({ clock });
    const { letGo } = holding();
    const calls = await occupy(transport);
    for (let n = 0; n < calls.length; n += 1) letGo();
    expect(await Promise.all(calls)).toEqual(Array(4).fill('sent'));
  });

  it('leaves with the others that have come meanwhile as soon as one of four calls ends', async () => {
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({ clock });
    const { letGo } = holding();
    const early = await occupy(transport);
    const late = names(5, 'late').map((name) => kindOf(transport.send(named(name), never)));
    letGo();
    await eventually(() => requests().length === 5);
    expect(bodiesOf(requests()[4]!)).toEqual(names(5, 'late'));
    for (let n = 0; n < 4; n += 1) letGo();
    expect(await Promise.all([...early, ...late])).toEqual(Array(9).fill('sent'));
  });

  it('leaves after 50 ms when none of them ends, since another broker behind the proxy may answer', async () => {
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({ clock, requestTimeout: '5m' });
    stage.proxy.script.sendMessage = hang;
    void Promise.all(await occupy(transport));
    stage.proxy.script.sendMessage = (request) => stage.proxy.store.send(request);
    const late = kindOf(transport.send(named('late'), never));
    await eventually(async () => {
      await clock.advance(10);
      return requests().length === 5;
    });
    expect(await late).toBe('sent');
  });
});

describe('a list that is refused', () => {
  it.each([
    ['invalid', 'ILLEGAL_MESSAGE_TAG'],
    ['too-large', 'MESSAGE_PROPERTIES_TOO_LARGE'],
    ['refused', 'ILLEGAL_DELIVERY_TIME'],
  ] as const)(
    'for one message that is %s is sent once more one by one, and only that message fails',
    async (kind, code) => {
      stage.proxy.script.sendMessage = (request) =>
        bodiesOf(request.messages!).includes('m7')
          ? { status: status(code), entries: [] }
          : stage.proxy.store.send(request);
      const transport = stage.transport();
      const outcomes = await kinds(names(20).map((name) => transport.send(named(name), never)));
      expect(outcomes).toEqual(names(20).map((name) => (name === 'm7' ? kind : 'sent')));
      expect(sizes()).toEqual([20, ...Array<number>(20).fill(1)]);
      // The next ones are in lists again: it was the message's fault.
      await kinds(names(3, 'next').map((name) => transport.send(named(name), never)));
      expect(sizes().at(-1)).toBe(3);
    },
  );

  it('here already, because one message cannot be written, leaves one by one', async () => {
    const transport = stage.transport();
    const broken = Object.defineProperty(Buffer.of(1), 'buffer', {
      get: () => {
        throw new TypeError('no bytes');
      },
    });
    const messages = names(3).map((name) => named(name, name === 'm1' ? { body: broken } : {}));
    expect(await kinds(messages.map((message) => transport.send(message, never)))).toEqual(['sent', 'defect', 'sent']);
    expect(sizes()).toEqual([1, 1]);
  });

  it('for being one, although each of its messages is taken, is the last for a minute', async () => {
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({ clock });
    stage.proxy.script.sendMessage = (request) =>
      request.messages!.length > 1
        ? { status: status('MESSAGE_BODY_TOO_LARGE'), entries: [] }
        : stage.proxy.store.send(request);
    const round = (prefix: string) => kinds(names(3, prefix).map((name) => transport.send(named(name), never)));
    for (const prefix of ['a', 'b']) expect(await round(prefix)).toEqual(['sent', 'sent', 'sent']);
    expect(sizes()).toEqual([3, 1, 1, 1, 1, 1, 1]);
    await clock.advance(60_001);
    await round('c');
    expect(sizes()[7]).toBe(3);
  });

  it('too late to begin again was not sent, and says so', async () => {
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({ clock, connectTimeout: '1s' });
    await transport.send(named('first'), never);
    stage.proxy.script.sendMessage = async () => {
      await clock.advance(2_001);
      return { status: NO_TAG, entries: [] };
    };
    expect(await kinds(names(3).map((name) => transport.send(named(name), never)))).toEqual(
      Array(3).fill('unavailable'),
    );
    expect(sizes()).toEqual([1, 3]);
  });

  it.each([
    ['throttled', status('TOO_MANY_REQUESTS')],
    ['auth', status('UNAUTHORIZED')],
    ['not-found', status('NOT_FOUND')],
    ['unavailable', status('INTERNAL_SERVER_ERROR', "service not available now. the broker's disk is full")],
  ])('as %s, which no message is to blame for, is refused for all of them', async (kind, refused) => {
    stage.proxy.script.sendMessage = () => ({ status: refused, entries: [] });
    const transport = stage.transport();
    const calls = names(5).map((name) => transport.send(named(name), never));
    expect(await Promise.all(calls.map(async (call) => (await failure(call)).kind))).toEqual(Array(5).fill(kind));
    expect(sizes()).toEqual([5]);
    expect(await failure(calls[0]!)).toMatchObject({ broker: 'broker-a', brokerCode: refused.code });
  });
});

describe('a list of which nobody knows what became', () => {
  it('is unknown for each of its messages, and none is sent again by itself', async () => {
    stage.proxy.script.heartbeat = hang;
    stage.proxy.script.sendMessage = hang;
    const transport = stage.transport({ requestTimeout: '1s' });
    const outcomes = await kinds(names(5).map((name) => transport.send(named(name), never)));
    expect(outcomes).toEqual(Array(5).fill('unknown'));
    expect(sizes()).toEqual([5]);
  });

  it('is the last one for its messages until each is through, since one of them may be to blame', async () => {
    stage.proxy.script.sendMessage = (request) =>
      bodiesOf(request.messages!).includes('poison')
        ? Promise.reject(Object.assign(new Error('reset')))
        : stage.proxy.store.send(request);
    const transport = stage.transport();
    const round = (...all: string[]) => kinds(all.map((name) => transport.send(named(name), never)));
    expect(await round('a', 'poison', 'b')).toEqual(['unknown', 'unknown', 'unknown']);
    expect(await round('a', 'poison', 'b', 'c', 'd')).toEqual(['sent', 'unknown', 'sent', 'sent', 'sent']);
    expect(sizes().toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2, 3]);
    expect(await round('a', 'poison', 'b')).toEqual(['sent', 'unknown', 'sent']);
    expect(
      sizes()
        .slice(-2)
        .toSorted((a, b) => a - b),
    ).toEqual([1, 2]);
  });

  it('because the server failed at it is the last at its broker for a minute', async () => {
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({ clock });
    stage.proxy.script.sendMessage = (request) =>
      request.messages!.length > 1
        ? { status: status('INTERNAL_SERVER_ERROR', 'message body size exceeded'), entries: [] }
        : stage.proxy.store.send(request);
    const round = (prefix: string) => kinds(names(3, prefix).map((name) => transport.send(named(name), never)));
    expect(await round('a')).toEqual(['unknown', 'unknown', 'unknown']);
    expect(await round('b')).toEqual(['sent', 'sent', 'sent']);
    expect(sizes()).toEqual([3, 1, 1, 1]);
    await clock.advance(60_001);
    await round('c');
    expect(sizes()[4]).toBe(3);
  });

  it('has results that are not those of its messages', async () => {
    const entry = { status: OK, messageId: 'ID' };
    stage.proxy.script.sendMessage = () => ({ status: OK, entries: [entry, entry] });
    const transport = stage.transport();
    expect(await kinds(names(3).map((name) => transport.send(named(name), never)))).toEqual(Array(3).fill('unknown'));
    expect(sizes()).toEqual([3]);
  });

  it('is known where the server answers for each message', async () => {
    stage.proxy.script.sendMessage = ({ messages = [] }) => ({
      status: status('MULTIPLE_RESULTS'),
      entries: messages.map(({ body }) =>
        String(body) === 'm1'
          ? { status: status('MESSAGE_BODY_TOO_LARGE') }
          : { status: OK, messageId: `ID of ${String(body)}` },
      ),
    });
    const transport = stage.transport();
    const outcomes = await Promise.all(
      names(3).map((name) => outcome(transport.send(named(name), never), ({ brokerMessageId }) => brokerMessageId)),
    );
    expect(outcomes).toEqual(['ID of m0', 'too-large', 'ID of m2']);
    expect(sizes()).toEqual([3]);
  });
});

describe('a caller that gives up', () => {
  it('while his message waits for others has not sent it, and they go', async () => {
    const transport = stage.transport({ clock: new ManualClock(Date.now()) });
    const { letGo } = holding();
    const early = await occupy(transport);
    const caller = new AbortController();
    const gone = kindOf(transport.send(named('gone'), caller.signal));
    const late = names(2, 'late').map((name) => kindOf(transport.send(named(name), never)));
    await new Promise((resolve) => setImmediate(resolve));
    caller.abort();
    expect(await gone).toBe('aborted');
    for (let n = 0; n < 4; n += 1) letGo();
    await eventually(() => requests().length === 5);
    letGo();
    expect(await Promise.all([...early, ...late])).toEqual(Array(6).fill('sent'));
    expect(bodiesOf(requests()[4]!)).toEqual(names(2, 'late'));
  });

  it('leaves those of his own signal on the wire unknown, and those of others alone', async () => {
    const transport = stage.transport();
    await transport.send(named('first'), never);
    const { letGo } = holding();
    const caller = new AbortController();
    const his = names(3, 'his').map((name) => kindOf(transport.send(named(name), caller.signal)));
    const others = names(3).map((name) => kindOf(transport.send(named(name), never)));
    await eventually(() => requests().length === 3);
    expect(requests().slice(1).map(bodiesOf)).toEqual([names(3, 'his'), names(3)]);
    caller.abort();
    expect(await Promise.all(his)).toEqual(Array(3).fill('unknown'));
    letGo();
    letGo();
    expect(await Promise.all(others)).toEqual(Array(3).fill('sent'));
  });

  it('is no reason to send his messages alone later', async () => {
    const transport = stage.transport();
    stage.proxy.script.sendMessage = hang;
    const caller = new AbortController();
    const his = names(3).map((name) => kindOf(transport.send(named(name), caller.signal)));
    await eventually(() => requests().length === 1);
    caller.abort();
    expect(await Promise.all(his)).toEqual(Array(3).fill('unknown'));
    stage.proxy.script.sendMessage = (request) => stage.proxy.store.send(request);
    await kinds(names(3).map((name) => transport.send(named(name), never)));
    expect(sizes()).toEqual([3, 3]);
  });
});
