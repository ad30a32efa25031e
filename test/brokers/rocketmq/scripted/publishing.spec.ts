import { calculateStringSipHash24 } from 'rocketmq-client-nodejs/dist/util/index.js';
import { OK, status } from '../../../support/rocketmq/scripted-proxy-answers.js';
import { GrpcFailure, hang } from '../../../support/rocketmq/scripted-proxy-failure.js';
import { eventually } from '../../../support/eventually.js';
import { failure, never, outbound, outcome, Stage } from '../../../support/transport/rocketmq-stage.js';

let stage: Stage;
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

const receipt = (messageId: string) => ({ status: OK, entries: [{ status: OK, messageId }] });

describe('whether a failed publish can have arrived', () => {
  it('is no when nobody listens', async () => {
    expect(await stage.publish({}, { endpoints: '127.0.0.1:1' })).toBe('unavailable');
  });

  it('is no when the name does not resolve', async () => {
    expect(await stage.publish({}, { endpoints: 'broker.invalid:8081' })).toBe('unavailable');
  });

  it('is no when the broker of the route is gone while the route is known', async () => {
    const second = await stage.another();
    stage.proxy.topic('orders', second.network.address);
    const transport = stage.transport();
    await transport.send(outbound(), never);
    await second.network.down();
    // Until the end of the connection is noticed, nobody can tell.
    const kinds = await eventually(async () => {
      const { kind } = await failure(transport.send(outbound(), never));
      return kind !== 'unknown' && [kind, (await failure(transport.send(outbound(), never))).kind];
    });
    expect(kinds).toEqual(['unavailable', 'unavailable']);
  });

  it('is no when the server does not speak gRPC of RocketMQ', async () => {
    stage.proxy.script.queryRoute = () => Promise.reject(new GrpcFailure(12, 'Method not found'));
    const error = await failure(stage.transport().send(outbound(), never));
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringContaining('gRPC port') as string });
  });

  it('is no when TLS fails', async () => {
    expect(await stage.publish({}, { tls: true })).toBe('unavailable');
    expect(stage.proxy.seen('sendMessage')).toHaveLength(0);
  });

  it('is no when the route, or the answer to our settings, does not come', async () => {
    stage.proxy.script.telemetry = () => undefined;
    expect(await stage.publish({}, { connectTimeout: 200 })).toBe('unavailable');
    stage.proxy.script.queryRoute = hang;
    expect(await stage.publish({}, { connectTimeout: 200 })).toBe('unavailable');
    expect(stage.proxy.seen('sendMessage')).toHaveLength(0);
  });

  it.each<[string, () => unknown]>([
    ['is silent', hang],
    ['breaks the connection', () => (stage.proxy.network.cut(), hang())],
    ['fails inside of gRPC', () => Promise.reject(new GrpcFailure(13, 'internal'))],
    ['says that it is unavailable after it was reached', () => Promise.reject(new GrpcFailure(14, 'going away'))],
    ['answers without a status', () => ({ entries: [] })],
    ['answers OK without an entry', () => ({ status: OK, entries: [] })],
    ['answers OK without an id', () => receipt('')],
    ['answers OK around an entry without status', () => ({ status: OK, entries: [{ messageId: 'ID' }] })],
  ])('is unknown when the broker %s', async (_, answer) => {
    stage.proxy.script.heartbeat = hang;
    stage.proxy.script.sendMessage = answer;
    expect(await stage.publish({}, { requestTimeout: '1s' })).toBe('unknown');
    expect(stage.proxy.seen('sendMessage')).toHaveLength(1);
  });

  it('is unknown as well when a broker that answers others leaves this one: that is too much for it', async () => {
    const transport = stage.transport({ requestTimeout: '1s' });
    await transport.send(outbound(), never);
    stage.proxy.script.sendMessage = (request) =>
      keyOf(request) === 'lost' ? hang() : stage.proxy.store.send(request);
    const lost = failure(transport.send(outbound({ key: 'lost' }), never));
    // Not in one request with it.
    await eventually(() => stage.proxy.seen('sendMessage').length === 2);
    await transport.send(outbound(), never);
    expect(await lost).toMatchObject({ kind: 'unanswered', broker: 'broker-a' });
  });

  it('is no when a server that answers others leaves the question for a route, which is then too much for it', async () => {
    const transport = stage.transport({ connectTimeout: '1s' });
    await transport.send(outbound(), never);
    stage.proxy.script.queryRoute = hang;
    const lost = failure(transport.send(outbound({ topic: 'other' }), never));
    await transport.send(outbound(), never);
    expect((await lost).kind).toBe('throttled');
  });

  it('is no when the caller gave up before, and unknown when he gave up during the request', async () => {
    stage.proxy.script.sendMessage = hang;
    const transport = stage.transport();
    const before = await failure(transport.send(outbound(), AbortSignal.abort()));
    expect(before.kind).toBe('aborted');
    expect(stage.proxy.seen('sendMessage')).toHaveLength(0);
    const caller = new AbortController();
    const during = failure(transport.send(outbound(), caller.signal));
    await eventually(() => stage.proxy.seen('sendMessage').length === 1);
    caller.abort();
    expect((await during).kind).toBe('unknown');
  });

  it('is unknown when the transport is closed during the request, which ends it', async () => {
    stage.proxy.script.sendMessage = hang;
    const transport = stage.transport({ requestTimeout: '30s' });
    const publishing = failure(transport.send(outbound(), never));
    await eventually(() => stage.proxy.seen('sendMessage').length === 1);
    await transport.close();
    expect((await publishing).kind).toBe('unknown');
  });
});

describe('an answer of the broker', () => {
  it.each([
    ['auth', ['UNAUTHORIZED', 'PAYMENT_REQUIRED'] as const],
    ['not-found', ['FORBIDDEN', 'NOT_FOUND', 'TOPIC_NOT_FOUND', 'CONSUMER_GROUP_NOT_FOUND'] as const],
    [
      'refused',
      [
        'MESSAGE_PROPERTY_CONFLICT_WITH_TYPE',
        'ILLEGAL_TOPIC',
        'ILLEGAL_CONSUMER_GROUP',
        'ILLEGAL_DELIVERY_TIME',
      ] as const,
    ],
    ['throttled', ['TOO_MANY_REQUESTS'] as const],
    ['too-large', ['PAYLOAD_TOO_LARGE', 'MESSAGE_BODY_TOO_LARGE', 'MESSAGE_PROPERTIES_TOO_LARGE'] as const],
    [
      'invalid',
      [
        'ILLEGAL_MESSAGE_TAG',
        'ILLEGAL_MESSAGE_KEY',
        'ILLEGAL_MESSAGE_GROUP',
        'ILLEGAL_MESSAGE_PROPERTY_KEY',
        'ILLEGAL_FILTER_EXPRESSION',
        'ILLEGAL_INVISIBLE_TIME',
        'MESSAGE_BODY_EMPTY',
      ] as const,
    ],
    ['lease-lost', ['INVALID_RECEIPT_HANDLE'] as const],
    [
      'unknown',
      [
        'CODE_UNSPECIFIED',
        'BAD_REQUEST',
        'ILLEGAL_ACCESS_POINT',
        'ILLEGAL_MESSAGE_ID',
        'INVALID_TRANSACTION_ID',
        'UNRECOGNIZED_CLIENT_TYPE',
        'MESSAGE_CORRUPTED',
        'CLIENT_ID_REQUIRED',
        'ILLEGAL_POLLING_TIME',
        'ILLEGAL_OFFSET',
        'ILLEGAL_LITE_TOPIC',
        'MESSAGE_NOT_FOUND',
        'OFFSET_NOT_FOUND',
        'REQUEST_TIMEOUT',
        'PRECONDITION_FAILED',
        'LITE_TOPIC_QUOTA_EXCEEDED',
        'LITE_SUBSCRIPTION_QUOTA_EXCEEDED',
        'REQUEST_HEADER_FIELDS_TOO_LARGE',
        'INTERNAL_ERROR',
        'INTERNAL_SERVER_ERROR',
        'HA_NOT_AVAILABLE',
        'NOT_IMPLEMENTED',
        'PROXY_TIMEOUT',
        'MASTER_PERSISTENCE_TIMEOUT',
        'SLAVE_PERSISTENCE_TIMEOUT',
        'UNSUPPORTED',
        'VERSION_UNSUPPORTED',
        'VERIFY_FIFO_MESSAGE_UNSUPPORTED',
        'FAILED_TO_CONSUME_MESSAGE',
        'MULTIPLE_RESULTS',
      ] as const,
    ],
  ])('is %s for %j', async (kind, codes) => {
    const transport = stage.transport();
    const found: Record<string, unknown> = {};
    for (const code of codes) {
      stage.proxy.script.sendMessage = () => ({ status: status(code), entries: [] });
      found[code] = (await failure(transport.send(outbound(), never))).kind;
    }
    // A topic that was there a moment ago is probably only being registered again.
    const expected = (code: string) => (code === 'TOPIC_NOT_FOUND' ? 'unavailable' : kind);
    expect(found).toEqual(Object.fromEntries(codes.map((code) => [code, expected(code)])));
  });

  it.each([
    [
      "service not available now. It may be caused by one of the following reasons: the broker's disk is full [CL: 0.97",
      'INTERNAL_SERVER_ERROR',
      'unavailable',
    ],
    ['the broker[10.0.0.7] sending message is forbidden', 'INTERNAL_SERVER_ERROR', 'unavailable'],
    ['store putMessage return null', 'INTERNAL_SERVER_ERROR', 'unknown'],
    ['the expected type is UNSPECIFIED, but actual type is NORMAL', 'MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', 'not-found'],
    ['the expected type is FIFO, but actual type is NORMAL', 'MESSAGE_PROPERTY_CONFLICT_WITH_TYPE', 'refused'],
  ] as const)('that says %s is %3$s', async (text, code, kind) => {
    const message = `org.apache.rocketmq.proxy.common.ProxyException: ${text}`;
    stage.proxy.script.sendMessage = () => ({ status: status(code, message), entries: [] });
    expect(await failure(stage.transport().send(outbound(), never))).toMatchObject({ kind, brokerCode: code });
  });

  it('is judged by the entry, whatever is said around it', async () => {
    const transport = stage.transport();
    const around = (outer: object, inner: object, messageId = 'ID-1') => {
      stage.proxy.script.sendMessage = () => ({ status: outer, entries: [{ status: inner, messageId }] });
      return outcome(transport.send(outbound(), never), ({ brokerMessageId }) => brokerMessageId);
    };
    expect(await around(OK, status('MESSAGE_BODY_TOO_LARGE'))).toBe('too-large');
    expect(await around(status('MULTIPLE_RESULTS'), OK)).toBe('ID-1');
    expect(await around(status('MULTIPLE_RESULTS'), status('TOO_MANY_REQUESTS'))).toBe('throttled');
    expect(await around(status('INTERNAL_SERVER_ERROR'), OK)).toBe('unknown');
  });

  it('of a code that is newer than this library is not believed', async () => {
    stage.proxy.script.sendMessage = () => ({ status: { code: 49_999, message: 'new' }, entries: [] });
    expect(await stage.publish()).toBe('unknown');
  });

  it.each([
    [7, 'denied'],
    [16, 'auth'],
    [8, 'unknown'],
    [3, 'unknown'],
  ])('of gRPC itself with code %i is %s', async (code, kind) => {
    stage.proxy.script.sendMessage = () => Promise.reject(new GrpcFailure(code, 'no'));
    expect(await stage.publish()).toBe(kind);
  });

  it('is told with its code, in one line', async () => {
    stage.proxy.script.sendMessage = () => ({
      status: status('ILLEGAL_MESSAGE_KEY', `a\nb${'c'.repeat(900)}`),
      entries: [],
    });
    const error = await failure(stage.transport().send(outbound(), never));
    expect(error).toMatchObject({ brokerCode: 'ILLEGAL_MESSAGE_KEY' });
    expect(error.message).toMatch(/^send to 'orders': [^\n]{1,300}$/);
  });
});

describe('where a message goes', () => {
  const ids = () => stage.proxy.seen('sendMessage').map(({ request }) => queueOf(request));

  it('is refused without being sent when the topic is of another type', async () => {
    stage.proxy.topic('orders', { types: ['NORMAL'] });
    const error = await failure(stage.transport().send(outbound({ orderingKey: 'k' }), never));
    expect(error).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/type NORMAL.*type FIFO/) as string,
    });
    expect(stage.proxy.seen('sendMessage')).toHaveLength(0);
  });

  it('is missing, and not of a wrong type, when the broker has deleted its topic', async () => {
    const transport = stage.transport();
    stage.proxy.topic('orders', { types: ['MESSAGE_TYPE_UNSPECIFIED'] });
    const error = await failure(transport.send(outbound({ orderingKey: 'k' }), never));
    expect(error).toMatchObject({ kind: 'not-found', message: expect.stringContaining('no such topic') as string });
    expect(stage.proxy.seen('sendMessage')).toHaveLength(0);
    // Made again, it is found at once, and not half a minute later.
    stage.proxy.topic('orders', { types: ['FIFO'] });
    await eventually(async () => (await outcome(transport.send(outbound(), never), () => 'sent')) === 'sent');
  });

  it('is asked of another access point when one knows nothing of its topic, as proxies inside of brokers do', async () => {
    const other = await stage.another();
    stage.proxy.topic('orders', { types: ['MESSAGE_TYPE_UNSPECIFIED'] });
    other.topic('orders', { types: ['FIFO'] });
    // IP addresses would count as ways to one server.
    const endpoints = [stage.proxy.endpoint, other.endpoint.replace('127.0.0.1', 'localhost')];
    await stage.transport({ endpoints }).send(outbound({ orderingKey: 'k' }), never);
    expect(stage.proxy.seen('sendMessage')).toHaveLength(0);
    expect(other.seen('sendMessage')).toHaveLength(1);
  });

  it('is refused without being sent when no queue may be written', async () => {
    stage.proxy.topic('orders', { permission: 'READ' });
    expect(await stage.publish()).toBe('not-found');
    stage.proxy.topic('orders', { brokerId: 1 });
    expect(await stage.publish()).toBe('not-found');
  });

  it('goes round over all queues of all brokers', async () => {
    const second = await stage.secondBroker({ queues: 2 });
    const transport = stage.transport();
    for (let i = 0; i < 8; i += 1) await transport.send(outbound(), never);
    expect(ids()).toEqual([0, 1, 0, 1]);
    expect(second.seen('sendMessage')).toHaveLength(4);
  });

  it('is one queue for one ordering key, the one that the clients of other languages choose', async () => {
    stage.proxy.topic('orders', { types: ['FIFO'], queues: 7 });
    const transport = stage.transport();
    const keys = ['a', 'order-4711', 'ключ', '订单', '0123456', '01234567', '0123456789abcdef', 'x'.repeat(63)];
    for (const orderingKey of [...keys, ...keys]) await transport.send(outbound({ orderingKey }), never);
    const expected = keys.map((key) => queueOfOtherClients(key, 7));
    expect(ids()).toEqual([...expected, ...expected]);
    expect(new Set(expected).size).toBeGreaterThan(2);
  });

  it('passes by a broker that has just failed, while another takes messages', async () => {
    const second = await stage.secondBroker({ queues: 1 });
    const transport = stage.transport();
    for (let i = 0; i < 2; i += 1) await transport.send(outbound(), never);
    await second.network.down();
    const outcomes: string[] = [];
    for (let i = 0; i < 8; i += 1) outcomes.push(await outcome(transport.send(outbound(), never), () => 'sent'));
    expect(outcomes.filter((each) => each !== 'sent').length).toBeLessThanOrEqual(1);
    expect(outcomes.slice(2)).toEqual(Array(6).fill('sent'));
  });

  it('is known for the brokers that live, also when the one that is asked for routes is gone', async () => {
    const second = await stage.secondBroker({ queues: 1, types: ['FIFO'] });
    const transport = stage.transport();
    const [first, other] = ['a', 'b', 'c', 'd', 'e', 'f']
      .map((key) => [queueOfOtherClients(key, 2), key] as const)
      .toSorted(([a], [b]) => a - b)
      .filter(([queue], index, all) => index === 0 || queue !== all[index - 1]![0])
      .map(([, orderingKey]) => outbound({ orderingKey }));
    for (const message of [first!, other!]) await transport.send(message, never);
    await stage.proxy.network.down();
    await eventually(async () => (await failure(transport.send(first!, never))).kind === 'unavailable');
    for (let i = 0; i < 3; i += 1) {
      expect(await outcome(transport.send(other!, never), () => 'sent')).toBe('sent');
      expect((await failure(transport.send(first!, never))).kind).toBe('unavailable');
    }
    expect(second.seen('sendMessage')).toHaveLength(4);
  });
});

describe('what is sent', () => {
  it('is the whole message, with an id that no other has', async () => {
    stage.proxy.topic('orders', { types: ['DELAY'] });
    const deliverAt = Date.now() + 60_000;
    const transport = stage.transport({ namespace: 'ns-1' });
    const message = outbound({
      tag: 'paid',
      key: 'k 1',
      body: '{"ä":"😀"}',
      properties: { 'mq-id': '7' },
      deliverAt,
    });
    const receipts = [await transport.send(message, never), await transport.send(message, never)];
    const sent = stage.proxy.seen('sendMessage').map(({ request }) => (request as { messages: object[] }).messages[0]);
    expect(sent[0]).toMatchObject({
      topic: { name: 'orders', resourceNamespace: 'ns-1' },
      userProperties: { 'mq-id': '7' },
      systemProperties: { tag: 'paid', keys: ['k 1'], messageType: 'DELAY', bodyEncoding: 'IDENTITY' },
      body: Buffer.from(message.body),
    });
    const { seconds, nanos } = (
      sent[0] as { systemProperties: { deliveryTimestamp: { seconds: number; nanos: number } } }
    ).systemProperties.deliveryTimestamp;
    expect(seconds * 1_000 + nanos / 1_000_000).toBe(message.deliverAt);
    expect(new Set(receipts.map(({ brokerMessageId }) => brokerMessageId)).size).toBe(2);
    expect(receipts[0]!.brokerMessageId).toMatch(/^01[0-9A-F]{32}$/);
  });

  it('is nothing for a message that the rules of this transport forbid', async () => {
    expect(await stage.publish({ tag: 'a|b' })).toBe('invalid');
    expect(await stage.publish({ body: 'x'.repeat(4 * 1_048_576 + 1) })).toBe('too-large');
    expect(stage.proxy.seen('queryRoute')).toHaveLength(0);
  });
});

function queueOf(request: unknown): number {
  return (request as { messages: { systemProperties: { queueId: number } }[] }).messages[0]!.systemProperties.queueId;
}

/**
 * Where the client for Java writes it: the hash as a signed number, modulo the queues. The one for Node takes the bytes of
 * the same hash in the opposite order, and is alone with that.
 */
function queueOfOtherClients(key: string, queues: number): number {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(calculateStringSipHash24(key));
  const remainder = Number(bytes.readBigInt64LE() % BigInt(queues));
  return remainder < 0 ? remainder + queues : remainder;
}

function keyOf(request: unknown): string | undefined {
  const [message] = (request as { messages: { systemProperties?: { keys?: string[] } }[] }).messages;
  return message?.systemProperties?.keys?.[0];
}
