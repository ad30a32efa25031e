import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { ManualClock } from 'nestjs-reliable-mq/testing';
import { eventually } from '../../../support/eventually.js';
import { OK, status } from '../../../support/rocketmq/scripted-proxy-answers.js';
import { GrpcFailure, hang } from '../../../support/rocketmq/scripted-proxy-failure.js';
import {
  CREDENTIALS,
  failure,
  never,
  outbound,
  outcome,
  poll,
  SECRET,
  Stage,
  stored,
  subscription,
  timed,
} from '../../../support/transport/rocketmq-stage.js';

let stage: Stage;
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

const topics = (count: number) => Array.from({ length: count }, (_, index) => `topic-${index}`);

describe('the start', () => {
  it.each([
    ['fast', () => undefined],
    ['slow', () => slowly()],
  ])('with 50 topics at once, written and read, comes to its end at a server that is %s', async (_, prepare) => {
    prepare();
    for (const topic of topics(50)) {
      stage.proxy.topic(topic);
      stage.proxy.store.put(stored('there', {}, topic));
    }
    const transport = stage.transport();
    const written = topics(50).map((topic) => transport.send(outbound({ topic }), never));
    const read = topics(50).map((topic) => poll(transport.subscribe(subscription({ topic }))));
    expect(await Promise.all(written)).toHaveLength(50);
    expect((await Promise.all(read)).every((found) => found.length > 0)).toBe(true);
    expect(stage.proxy.network.accepted).toBe(1);
    // One for the producer, one for the group.
    expect(stage.proxy.streamsOpened).toBe(2);
  });

  it('with 50 topics at a server that is silent fails in bounded time, for each', async () => {
    stage.proxy.network.swallowing = true;
    const transport = stage.transport({ connectTimeout: 500, requestTimeout: 500 });
    const startedAt = performance.now();
    const kinds = await Promise.all([
      ...topics(50).map((topic) => failure(transport.send(outbound({ topic }), never))),
      ...topics(50).map((topic) => failure(poll(transport.subscribe(subscription({ topic }))))),
    ]);
    expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(['unavailable']));
    // One after the other they would take 50 s.
    expect(performance.now() - startedAt).toBeLessThan(40_000);
  });

  it.each([1, 2, 3])(
    'with as few topics as %i comes to its end, 50 times, and leaves nothing open',
    async (count) => {
      for (const topic of topics(count)) stage.proxy.topic(topic);
      const start = async (): Promise<void> => {
        const transport = stage.transport({ connectTimeout: '10s', requestTimeout: '10s' });
        const sources = topics(count).map((topic) => transport.subscribe(subscription({ topic })));
        expect((await Promise.all(sources.map((source) => poll(source, { waitMs: 1 })))).flat()).toEqual([]);
        await transport.close();
      };
      for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: 10 }, start));
      await eventually(() => stage.proxy.network.open === 0);
      expect(stage.proxy.streamsOpened).toBe(50);
      expect(stage.proxy.streams.size).toBe(0);
    },
    120_000,
  );

  it('takes the settings that come at once as well as those that come before anybody waits', async () => {
    stage.proxy.script.telemetry = ({ settings }, stream) => {
      stream.write({ status: OK, settings });
      stream.write({ status: OK, settings });
    };
    expect(await stage.publish()).toBe('sent');
  });
});

describe('what is missing', () => {
  it('is told of the topic alone, and says nothing about others', async () => {
    const transport = stage.transport();
    const missing = transport.send(outbound({ topic: 'missing' }), never);
    const there = transport.send(outbound(), never);
    expect(await failure(missing)).toMatchObject({
      kind: 'not-found',
      brokerCode: 'TOPIC_NOT_FOUND',
      message: expect.stringContaining('create the topic at the broker') as string,
    });
    await there;
    expect(await outcome(transport.send(outbound(), never), () => 'sent')).toBe('sent');
  });

  it('is found when it is made, and is not believed to be gone at once when it was there', async () => {
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({ clock });
    const publish = () => outcome(transport.send(outbound({ topic: 'new' }), never), () => 'sent');
    expect(await publish()).toBe('not-found');
    await clock.advance(90_000);
    stage.proxy.topic('new');
    stage.proxy.script.sendMessage = () => ({ status: status('TOPIC_NOT_FOUND'), entries: [] });
    expect(await publish()).toBe('unavailable');
    await clock.advance(59_000);
    expect(await publish()).toBe('unavailable');
    await clock.advance(2_000);
    expect(await publish()).toBe('not-found');
    stage.proxy.script.sendMessage = (request) => stage.proxy.store.send(request);
    expect(await publish()).toBe('sent');
    stage.proxy.routes.delete('new');
    stage.proxy.script.sendMessage = () => ({ status: status('TOPIC_NOT_FOUND'), entries: [] });
    expect(await publish()).toBe('unavailable');
  });

  it('is one clear error for a group, and no stream is opened again by itself', async () => {
    stage.proxy.script.telemetry = (_, stream) =>
      stream.fail(3, 'process client telemetryCommand failed. group not found');
    const clock = new ManualClock(Date.now());
    const source = stage.source({ groupId: 'GID_none' }, { clock });
    const error = await failure(poll(source));
    expect(error.kind).toBe('not-found');
    expect(error.message).toMatch(/GID_none.*does not exist; create it/);
    expect(stage.proxy.streamsOpened).toBe(1);
    await clock.advance(600_000);
    expect(stage.proxy.streamsOpened).toBe(1);
    expect((await failure(poll(source))).kind).toBe('not-found');
    expect(stage.proxy.streamsOpened).toBe(2);
  });
});

describe('credentials', () => {
  it.each<[string, () => void]>([
    ['by the answer to a question', () => (stage.proxy.script.queryRoute = () => ({ status: status('UNAUTHORIZED') }))],
    ['by the answer to a message', () => (stage.proxy.script.sendMessage = () => ({ status: status('UNAUTHORIZED') }))],
    [
      'by a status on the stream',
      () => (stage.proxy.script.telemetry = (_, stream) => stream.write({ status: status('UNAUTHORIZED') })),
    ],
    ['by gRPC itself, on the stream', () => (stage.proxy.script.telemetry = (_, stream) => stream.fail(16, 'no'))],
    ['by gRPC itself', () => (stage.proxy.script.queryRoute = () => Promise.reject(new GrpcFailure(16, 'no')))],
  ])('that are refused %s are told as auth, without the secret', async (_, refuse) => {
    refuse();
    const transport = stage.transport({ credentials: CREDENTIALS });
    const error = await failure(transport.send(outbound(), never));
    expect(error.kind).toBe('auth');
    const source = transport.subscribe(subscription());
    const told = [error, error.stack, transport, source, transport.problems(), transport.warnings!()];
    expect(told.map((each) => inspect(each, { depth: 12, showHidden: true })).join()).not.toContain(SECRET);
    expect(JSON.stringify([error, transport, { ...source, clock: null }])).not.toContain(SECRET);
  });

  it('are shown as the broker checks them: a signature over the time of the call', async () => {
    const transport = stage.transport({ credentials: { ...CREDENTIALS, securityToken: 'token-1' }, namespace: 'ns-1' });
    await transport.send(outbound(), never);
    await poll(transport.subscribe(subscription()));
    for (const name of ['queryRoute', 'telemetry', 'sendMessage', 'receiveMessage'] as const) {
      const { headers } = stage.proxy.seen(name)[0]!;
      const dateTime = headers['x-mq-date-time']!;
      expect(dateTime).toMatch(/^\d{8}T\d{6}Z$/);
      const parts = /^MQv2-HMAC-SHA1 Credential=([^,]+), SignedHeaders=x-mq-date-time, Signature=([0-9A-F]{40})$/;
      const [, user, signature] = parts.exec(headers['authorization']!) ?? [];
      expect(user).toBe(CREDENTIALS.accessKey);
      expect(Buffer.from(signature!, 'hex')).toEqual(createHmac('sha1', SECRET).update(dateTime).digest());
      expect(headers).toMatchObject({
        'x-mq-session-token': 'token-1',
        'x-mq-namespace': 'ns-1',
        'x-mq-protocol': 'v2',
      });
      expect(Object.values(headers).join()).not.toContain(SECRET);
    }
    const idOf = (name: 'sendMessage' | 'receiveMessage') => stage.proxy.seen(name)[0]!.headers['x-mq-client-id'];
    expect(idOf('sendMessage')).not.toBe(idOf('receiveMessage'));
  });
});

describe('a session', () => {
  it('says every ten seconds that it lives, and introduces itself again to a server that has forgotten it', async () => {
    const clock = new ManualClock(Date.now());
    await poll(stage.source({}, { clock }));
    const beats = () => stage.proxy.seen('heartbeat').length;
    await eventually(() => beats() === 1);
    for (let n = 2; n <= 4; n += 1) {
      await clock.advance(10_000);
      await eventually(() => beats() === n);
    }
    expect(stage.proxy.seen('heartbeat')[0]!.request).toMatchObject({
      clientType: 'SIMPLE_CONSUMER',
      group: { name: 'GID_stock' },
    });
    expect(stage.proxy.seen('telemetry')).toHaveLength(1);
    stage.proxy.script.heartbeat = () => ({ status: status('UNRECOGNIZED_CLIENT_TYPE') });
    await clock.advance(10_000);
    await eventually(() => stage.proxy.seen('telemetry').length === 2);
    expect(stage.proxy.streamsOpened).toBe(1);
  });

  it('tells the server of each topic that is added to it', async () => {
    stage.proxy.topic('refunds');
    const transport = stage.transport();
    await poll(transport.subscribe(subscription()));
    await poll(transport.subscribe(subscription({ topic: 'refunds', tags: ['a'] })));
    const last = await eventually(() => stage.proxy.seen('telemetry')[1]);
    expect(last.request).toMatchObject({
      settings: {
        clientType: 'SIMPLE_CONSUMER',
        subscription: {
          group: { name: 'GID_stock' },
          subscriptions: [
            { topic: { name: 'orders' }, expression: { expression: '*' } },
            { topic: { name: 'refunds' }, expression: { expression: 'a' } },
          ],
        },
      },
    });
    expect(stage.proxy.streamsOpened).toBe(1);
  });

  it('is opened again, once, by the next call after the server ended it, in whatever way', async () => {
    const transport = stage.transport();
    for (const [index, end] of [
      () => stream().end(),
      () => stream().fail(14, 'restart'),
      () => stream().write({ reconnectEndpointsCommand: { nonce: '1' } }),
      () => stream().write({ status: status('UNAUTHORIZED') }),
    ].entries()) {
      await eventually(async () => {
        expect(await outcome(transport.send(outbound(), never), () => 'sent')).toBe('sent');
        return stage.proxy.streamsOpened > index;
      });
      expect(stage.proxy.streamsOpened).toBe(index + 1);
      end();
    }
  });

  it('answers what an administrator asks of it', async () => {
    await stage.publish();
    stream().write({ printThreadStackTraceCommand: { nonce: 'n1' } });
    stream().write({ verifyMessageCommand: { nonce: 'n2' } });
    await eventually(() => stage.proxy.seen('telemetry').length === 3);
    const answers = stage.proxy.seen('telemetry');
    expect(answers[1]!.request).toMatchObject({ threadStackTrace: { nonce: 'n1' } });
    expect(answers[2]!.request).toMatchObject({
      status: { code: 'NOT_IMPLEMENTED' },
      verifyMessageResult: { nonce: 'n2' },
    });
  });

  it('says goodbye when the transport is closed, and nothing is opened again by a straggler', async () => {
    const transport = stage.transport();
    const source = transport.subscribe(subscription());
    await poll(source);
    await transport.send(outbound(), never);
    await transport.close();
    expect(stage.proxy.seen('notifyClientTermination')).toHaveLength(2);
    expect((await failure(transport.send(outbound(), never))).kind).toBe('unavailable');
    expect((await failure(poll(source))).kind).toBe('unavailable');
    await eventually(() => stage.proxy.network.open === 0);
    expect(stage.proxy.network.accepted).toBe(1);
    await transport.connect();
    expect(await outcome(transport.send(outbound(), never), () => 'sent')).toBe('sent');
  });
});

describe('the end', () => {
  it('is quick while a poll is under way, which hands out nothing afterwards', async () => {
    const transport = stage.transport();
    const source = transport.subscribe(subscription());
    const polling = failure(poll(source, { waitMs: 20_000 }));
    await eventually(() => stage.proxy.seen('receiveMessage').length === 1);
    expect(await timed(() => transport.close())).toBeLessThan(15_000);
    expect(['unknown', 'aborted', 'unavailable']).toContain((await polling).kind);
  });

  it('of a source gives back what nobody asked for', async () => {
    const second = await stage.secondBroker();
    const transport = stage.transport();
    const source = transport.subscribe(subscription());
    const polling = poll(source, { waitMs: 20_000 });
    await eventually(() => [stage.proxy, second].every((proxy) => proxy.seen('receiveMessage').length === 1));
    second.store.put(stored('asked'));
    await polling;
    stage.proxy.store.put(stored('unasked'));
    // Answered on the same connection, so what was on its way before has arrived.
    for (let queue = 0; queue < 5; queue += 1) await transport.send(outbound(), never);
    await source.close();
    expect(stage.proxy.seen('changeInvisibleDuration')[0]!.request).toMatchObject({
      invisibleDuration: { seconds: 0, nanos: 0 },
    });
    expect((await failure(poll(source))).kind).toBe('aborted');
  });

  it('of a source whose poll looks for the route starts nothing', async () => {
    let answer: () => void = () => undefined;
    const query = stage.proxy.script.queryRoute;
    stage.proxy.script.queryRoute = async (...request) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return query(...request);
    };
    const source = stage.source();
    const polling = failure(poll(source, { waitMs: 20_000 }));
    await eventually(() => stage.proxy.seen('queryRoute').length === 1);
    await source.close();
    answer();
    expect((await polling).kind).toBe('aborted');
    expect(stage.proxy.seen('receiveMessage')).toHaveLength(0);
  });

  it.each<[string, () => unknown]>([
    ['is gone', () => stage.proxy.network.down()],
    ['is silent', () => (stage.proxy.network.swallowing = true)],
    ['does not answer the goodbye', () => (stage.proxy.script.notifyClientTermination = hang)],
  ])('is quick and never fails when the server %s', async (_, happen) => {
    const transport = stage.transport();
    await transport.send(outbound(), never);
    await poll(transport.subscribe(subscription()));
    await happen();
    expect(await timed(() => transport.close())).toBeLessThan(15_000);
    await expect(transport.close()).resolves.toBeUndefined();
  });
});

const stream = () => [...stage.proxy.streams].at(-1)!;

/** Every answer but that of a long poll takes 100 ms. */
function slowly(): void {
  const { script } = stage.proxy;
  const { queryRoute, telemetry, sendMessage } = script;
  const later = () => new Promise((resolve) => setTimeout(resolve, 100));
  script.queryRoute = async (...request) => (await later(), queryRoute(...request));
  script.sendMessage = async (...request) => (await later(), sendMessage(...request));
  script.telemetry = (...command) => void later().then(() => telemetry(...command));
}
