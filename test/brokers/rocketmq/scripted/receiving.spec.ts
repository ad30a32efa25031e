import { crc32, deflateSync, gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { ManualClock } from 'nestjs-reliable-mq/testing';
import { eventually } from '../../../support/eventually.js';
import { delivered, OK, status } from '../../../support/rocketmq/scripted-proxy-answers.js';
import { GrpcFailure, hang } from '../../../support/rocketmq/scripted-proxy-failure.js';
import { bodies, failure, never, poll, Stage, stored } from '../../../support/transport/rocketmq-stage.js';

let stage: Stage;
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

describe('a poll', () => {
  it('asks for what it was told, under the name of the group', async () => {
    const source = stage.source({ groupId: 'GID_a', tags: ['paid', 'sent'] }, { namespace: 'ns' });
    expect(await poll(source, { max: 7, waitMs: 1_250, leaseMs: 90_500 })).toEqual([]);
    expect(stage.proxy.seen('receiveMessage')[0]!.request).toMatchObject({
      group: { name: 'GID_a', resourceNamespace: 'ns' },
      messageQueue: { topic: { name: 'orders', resourceNamespace: 'ns' }, broker: { name: 'broker-a' } },
      filterExpression: { type: 'TAG', expression: 'paid||sent' },
      batchSize: 7,
      invisibleDuration: { seconds: 90, nanos: 500_000_000 },
      longPollingTimeout: { seconds: 1, nanos: 250_000_000 },
      autoRenew: false,
    });
  });

  it('may not be read: a topic that is only written', async () => {
    stage.proxy.topic('orders', { permission: 'WRITE' });
    expect((await failure(poll(stage.source()))).kind).toBe('not-found');
  });

  it.each<[string, () => AsyncIterable<object>, string]>([
    ['throttled', () => answer(status('TOO_MANY_REQUESTS')), 'throttled'],
    ['of nothing at all', () => nothing(), 'unknown'],
    ['cut off', () => broken(), 'unknown'],
    ['refused', () => answer(status('UNAUTHORIZED')), 'auth'],
    ['of a missing group', () => answer(status('CONSUMER_GROUP_NOT_FOUND')), 'not-found'],
    ['of a filter that is no filter', () => answer(status('ILLEGAL_FILTER_EXPRESSION')), 'invalid'],
  ])('that is %s fails as such', async (_, script, kind) => {
    stage.proxy.script.receiveMessage = script;
    expect((await failure(poll(stage.source()))).kind).toBe(kind);
  });

  it('that its caller gives up ends at once for him, is not cancelled, and lasts five seconds', async () => {
    const source = stage.source();
    const caller = new AbortController();
    const polls = () => stage.proxy.seen('receiveMessage');
    const given = failure(poll(source, { waitMs: 20_000 }, caller.signal));
    await eventually(() => polls().length === 1);
    caller.abort();
    expect((await given).kind).toBe('aborted');
    stage.proxy.store.put(stored('for whoever comes next'));
    expect(bodies(await poll(source))).toEqual(['for whoever comes next']);
    expect(polls().map(({ request }) => request)).toMatchObject([{ longPollingTimeout: { seconds: 5 } }]);
  });

  it('that breaks, or hangs, after messages came, hands them out, with leases from when they came', async () => {
    const source = stage.source({}, { requestTimeout: '3s' });
    let before = 0;
    for (const end of [() => Promise.reject(new GrpcFailure(14, 'gone')), hang]) {
      stage.proxy.script.receiveMessage = async function* () {
        yield { status: OK };
        for (let i = 0; i < 30; i += 1) yield { message: delivered(stored(`${i}`), `h${i}`) };
        before = performance.now();
        await end();
      };
      const found = await poll(source, { max: 32, leaseMs: 30_000 });
      expect(found).toHaveLength(30);
      for (const { leaseEndsAt } of found) expect(leaseEndsAt).toBeLessThan(before + 32_000);
    }
  });

  it('makes the session introduce itself again when the proxy has lost its settings', async () => {
    const source = stage.source();
    stage.proxy.script.receiveMessage = () =>
      answer(status('INTERNAL_SERVER_ERROR', 'java.lang.NullPointerException: settings is null'));
    expect((await failure(poll(source))).kind).toBe('unknown');
    expect(stage.proxy.streamsOpened).toBe(1);
    stage.proxy.script.receiveMessage = (request, signal) => stage.proxy.store.receive(request, signal);
    stage.proxy.store.put(stored('a'));
    expect(bodies(await poll(source))).toEqual(['a']);
    expect(stage.proxy.streamsOpened).toBe(2);
    await eventually(() => stage.proxy.streams.size === 1);
  });
});

describe('settling', () => {
  it('goes to the broker of each delivery, all of one broker in one request', async () => {
    const second = await stage.secondBroker();
    for (const body of ['a1', 'a2']) stage.proxy.store.put(stored(body));
    for (const body of ['b1', 'b2']) second.store.put(stored(body));
    const source = stage.source();
    const found = [...(await poll(source))];
    while (found.length < 4) found.push(...(await poll(source)));
    second.script.ackMessage = ({ entries = [] }) => ({
      status: status('MULTIPLE_RESULTS'),
      // In another order than they were asked for.
      entries: entries
        .map(({ receiptHandle }, index) => ({
          receiptHandle,
          status: index === 0 ? status('INVALID_RECEIPT_HANDLE') : status('INTERNAL_SERVER_ERROR'),
        }))
        .toReversed(),
    });
    const settlements = await source.ack(found, never);
    const byBody = Object.fromEntries(found.map(({ message }, index) => [message.body, settlements[index]]));
    expect(byBody).toEqual({ a1: 'done', a2: 'done', b1: 'lease-lost', b2: 'unknown' });
    expect(stage.proxy.seen('ackMessage')).toHaveLength(1);
    expect(second.seen('ackMessage')).toHaveLength(1);
  });

  it('is unknown when nobody answers, and never rejects', async () => {
    stage.proxy.store.put(stored('a'));
    const source = stage.source({}, { requestTimeout: 300 });
    const [delivery] = await poll(source);
    stage.proxy.script.ackMessage = hang;
    stage.proxy.script.changeInvisibleDuration = hang;
    expect(await source.ack([delivery!], never)).toEqual(['unknown']);
    expect(await source.retryIn!(delivery!, 0, never)).toBe('unknown');
  });

  it('extends a lease, from the moment it was asked, under the handle that the broker answers with', async () => {
    const clock = new ManualClock(Date.now());
    stage.proxy.store.put(stored('a'));
    const source = stage.source({}, { clock });
    const [delivery] = await poll(source, { leaseMs: 10_000 });
    expect(delivery!.leaseEndsAt).toBe(clock.monotonic() + 10_000);
    await clock.advance(5_000);
    const extended = await source.extend!(delivery!, 20_000, never);
    expect(extended!.leaseEndsAt).toBe(clock.monotonic() + 20_000);
    expect(await source.ack([delivery!], never)).toEqual(['lease-lost']);
    expect(await source.ack([extended!], never)).toEqual(['done']);
    expect(await source.extend!(extended!, 20_000, never)).toBeNull();
  });
});

describe('a message', () => {
  const digest = (type: string, checksum: string) => ({ bodyDigest: { type, checksum } });
  const md5 = (text: string) => createHash('md5').update(text).digest('hex').toUpperCase();
  const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');

  it('comes with every field', async () => {
    stage.proxy.store.put({
      ...stored('{"ä":"😀"}', {
        tag: 'paid',
        keys: ['key-1', 'b', 'c'],
        messageId: 'ID-7',
        messageGroup: 'order-1',
        bornTimestamp: { seconds: 1_900_000_000, nanos: 123_000_000 },
      }),
      userProperties: { 'mq-id': '7' },
    });
    const [{ message, deliveryCount }] = (await poll(stage.source())) as [never] as [
      Awaited<ReturnType<typeof poll>>[0],
    ];
    expect(message).toMatchObject({
      brokerMessageId: 'ID-7',
      tag: 'paid',
      key: 'key-1 b c',
      body: '{"ä":"😀"}',
      properties: { 'mq-id': '7' },
      orderingKey: 'order-1',
      publishedAt: 1_900_000_000_123,
    });
    expect(deliveryCount).toBe(1);
  });

  it('that is not as it was sent is handed out as unreadable, and the others as they are', async () => {
    const crc = (text: string) => crc32(Buffer.from(text)).toString(16).toUpperCase();
    stage.proxy.store.put(stored('crc', digest('CRC32', `0${crc('crc')}`)));
    stage.proxy.store.put(stored('md5', digest('MD5', md5('md5'))));
    stage.proxy.store.put(stored('sha1', digest('SHA1', sha1('sha1'))));
    stage.proxy.store.put(stored('other', digest('DIGEST_TYPE_UNSPECIFIED', 'whatever')));
    stage.proxy.store.put(stored('bad crc', digest('CRC32', crc('x'))));
    stage.proxy.store.put(stored('bad md5', digest('MD5', md5('x'))));
    stage.proxy.store.put(stored('bad sha1', digest('SHA1', sha1('x'))));
    stage.proxy.store.put(stored('no gzip', { bodyEncoding: 'GZIP' }));
    const found = (await poll(stage.source())).map(({ message }) => [message.body, message.unreadable !== undefined]);
    expect(Object.fromEntries(found)).toEqual({
      crc: false,
      md5: false,
      sha1: false,
      other: false,
      'bad crc': true,
      'bad md5': true,
      'bad sha1': true,
      'no gzip': true,
    });
  });

  it('arrives to the byte, and leaves so', async () => {
    const bytes = Buffer.from([0xff, 0xd8, 0x00, 0xc4, 0xe3]);
    const gbk = Buffer.from([0xc4, 0xe3, 0xba, 0xc3]);
    expect(await stage.publish({ body: bytes })).toBe('sent');
    stage.proxy.store.put({ ...stored('', { bodyEncoding: 'GZIP' }), body: gzipSync(gbk) });
    const found = await poll(stage.source());
    expect(found.map(({ message }) => Buffer.from(message.body as Uint8Array))).toEqual([bytes, gbk]);
    expect(found.some(({ message }) => 'unreadable' in message)).toBe(false);
  });

  it('is unreadable in an encoding that is not known here, and keeps its bytes', async () => {
    const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00]);
    const put = (bodyEncoding: unknown) => stage.proxy.store.put({ ...stored('', { bodyEncoding }), body: zstd });
    for (const encoding of [7, 'GZIP', 'ENCODING_UNSPECIFIED']) put(encoding);
    const found = await poll(stage.source());
    expect(found.map(({ message }) => message.unreadable)).toEqual([
      'its encoding is 7, which nobody here knows',
      'its compression is one that nobody here knows',
      undefined,
    ]);
    for (const { message } of found) expect(Buffer.from(message.body as Uint8Array)).toEqual(zstd);
  });

  it('is not unpacked beyond the limit, and the loop is not held up meanwhile', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1_048_576));
    const fits = gzipSync(Buffer.alloc(1_000, 'x'));
    const over = gzipSync(Buffer.alloc(1_001, 'x'));
    for (const body of [bomb, fits, over]) stage.proxy.store.put({ ...stored('', { bodyEncoding: 'GZIP' }), body });
    const found = await poll(stage.source({}, { maxUnpackedBytes: 1_000 }));
    expect(found.map(({ message }) => message.unreadable)).toEqual([
      'unpacked it is larger than 1000 bytes',
      undefined,
      'unpacked it is larger than 1000 bytes',
    ]);
    expect(Buffer.from(found[0]!.message.body as Uint8Array)).toEqual(bomb);
    expect(found[1]!.message.body).toBe('x'.repeat(1_000));
  });

  it('is unpacked when another client has compressed it', async () => {
    const packed = { gzip: gzipSync('gzip'), zlib: deflateSync('zlib') };
    for (const body of Object.values(packed)) stage.proxy.store.put({ ...stored('', { bodyEncoding: 'GZIP' }), body });
    expect(bodies(await poll(stage.source()))).toEqual(['gzip', 'zlib']);
  });
});

async function* answer(what: object): AsyncGenerator<object> {
  yield { status: what };
}

async function* nothing(): AsyncGenerator<object> {
  yield* [];
}

// oxlint-disable-next-line require-yield
async function* broken(): AsyncGenerator<object> {
  stage.proxy.network.cut();
  await hang();
}
