import fc from 'fast-check';
import { http } from '../../support/transport/answers.js';
import type { CannedRequest } from '../../support/transport/canned-server.js';
import { outbound, subscription, type Outbound, type Subscription } from '../../support/transport/messages.js';
import { MQClient, propertiesOf } from '../../support/transport/node-sdk.js';
import { delivery, never, outcome, SECRET, Stage } from '../../support/transport/stage.js';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const TOKEN = 'T0KEN';
const REAL = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'nextTick',
  'queueMicrotask',
  'performance',
  'hrtime',
] as const;

let stage: Stage;
beforeAll(async () => (stage = await Stage.open(http(500, ''))));
afterAll(() => stage.close());
// Both must write the same date, so it stands still.
beforeEach(() => jest.useFakeTimers({ now: NOW, doNotFake: [...REAL] }));
afterEach(() => jest.useRealTimers());

type Transport = ReturnType<Stage['transport']>;
type Sdk = InstanceType<typeof MQClient>;
const WithToken = MQClient as new (...of: string[]) => Sdk;

/** One for each way of signing: without a token and with one. */
async function both(): Promise<[Transport, Sdk][]> {
  const clients = [[], [TOKEN]].map(([securityToken]): [Transport, Sdk] => [
    stage.transport(securityToken === undefined ? {} : { securityToken }),
    new WithToken(stage.server.endpoint, 'key-id', SECRET, ...(securityToken === undefined ? [] : [securityToken])),
  ]);
  // At first, the SDK is asked what it would write.
  for (const [transport] of clients) await transport.connect();
  return clients;
}

/** What went over the wire, but for what the HTTP client says of its connection. */
async function requestOf(call: () => Promise<unknown>): Promise<Omit<CannedRequest, 'headers'> & { headers: object }> {
  stage.server.requests.length = 0;
  await outcome(call(), () => 'sent');
  expect(stage.server.requests).toHaveLength(1);
  const { headers, ...rest } = stage.server.requests[0]!;
  const { connection: _, ...others } = headers;
  return { ...rest, headers: others };
}

/** What we sent, and not the SDK for us. */
async function ownRequestOf(call: () => Promise<unknown>): Promise<object> {
  const signed = jest.spyOn(MQClient.prototype as unknown as { sign(): string }, 'sign');
  const request = await requestOf(call);
  expect(signed).not.toHaveBeenCalled();
  signed.mockRestore();
  return request;
}

/** As the SDK must be given a body so that it arrives: it writes `]]>` and carriage returns as they are. */
const forSdk = (body: string): string =>
  body.replaceAll(']]>', ']]]]><![CDATA[>').replaceAll('\r', ']]>&#13;<![CDATA[');

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom("it's", '已支付', 'a b', 'a+b&c=d', '50%', '<>&"\'', '😀', '1', '0', 'constructor', '\u0085', '-1'),
);
const body = fc
  .array(fc.oneof(text, fc.constantFrom(']]>', ']]', '\r', '\r\n', '<![CDATA[', '&#13;', '{"a":"€"}', ' ', '\ufeff')), {
    minLength: 1,
    maxLength: 8,
  })
  .map((parts) => parts.join(''));
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });

it('publishes what the SDK publishes, to the byte, with the same signature', async () => {
  const message = fc.record<Partial<Outbound>>({
    topic: name,
    instanceId: optional(name),
    tag: optional(text),
    key: text,
    body,
    properties: fc.dictionary(text, text, { maxKeys: 4 }),
    orderingKey: optional(text),
    deliverAt: optional(fc.integer({ min: NOW - 1_000, max: NOW + 86_400_000 })),
  });
  const clients = await both();
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(message, fc.nat(1), async (fields, which) => {
      const [transport, sdk] = clients[which]!;
      const ours = outbound(fields);
      fc.pre(transport.validateMessage(ours).length === 0);
      compared += 1;
      const properties = propertiesOf({
        messageKey: ours.key,
        ...(ours.orderingKey !== null && { shardingKey: ours.orderingKey }),
        ...(ours.deliverAt !== null && { startDeliverTime: ours.deliverAt }),
        user: ours.properties,
      });
      const producer = sdk.getProducer(ours.instanceId ?? '', ours.topic);
      const theirs = await requestOf(() =>
        producer.publishMessage(forSdk(ours.body as string), ours.tag ?? '', properties),
      );
      expect(await ownRequestOf(() => transport.send(ours, never))).toEqual(theirs);
    }),
    { numRuns: 300 },
  );
  expect(compared).toBe(300);
});

it('polls and acknowledges as the SDK does, to the byte', async () => {
  const spec = fc.record<Partial<Subscription>>({
    topic: name,
    groupId: name,
    instanceId: optional(name),
    tags: optional(fc.array(text, { minLength: 1, maxLength: 3 })),
    ordered: fc.boolean(),
  });
  const handles = fc.array(fc.stringMatching(/^[A-Za-z0-9+/=|:-]{1,40}$/), { minLength: 1, maxLength: 16 });
  const clients = await both();
  const limits = [fc.integer({ min: 1, max: 16 }), fc.integer({ min: 0, max: 30 }), fc.nat(1)] as const;
  await fc.assert(
    fc.asyncProperty(spec, handles, ...limits, async (fields, given, max, seconds, which) => {
      const [transport, sdk] = clients[which]!;
      const ours = subscription(fields);
      fc.pre(transport.validateSubscription(ours).length === 0);
      // The SDK signs the quotation mark as it is, and its HTTP client sends it escaped.
      fc.pre(!ours.tags?.join('').includes("'"));
      const source = transport.subscribe(ours);
      const tags = ours.tags?.join('||');
      const consumer = sdk.getConsumer(ours.instanceId ?? '', ours.topic, ours.groupId, tags);
      const polled = await requestOf(() =>
        ours.ordered ? consumer.consumeMessageOrderly(max, seconds) : consumer.consumeMessage(max, seconds),
      );
      const request = { max, waitMs: seconds * 1_000, leaseMs: 0 };
      expect(await ownRequestOf(() => source.receive(request, never))).toEqual(polled);
      const acknowledged = await requestOf(() => consumer.ackMessage(given));
      expect(await ownRequestOf(() => source.ack(given.map(delivery), never))).toEqual(acknowledged);
      await source.close();
    }),
    { numRuns: 150 },
  );
});

describe('the SDK that is installed', () => {
  interface Package {
    MQClient: new (...of: unknown[]) => { buildHeaders(...of: unknown[]): object };
    MQProducer: { prototype: { publishMessage(): unknown } };
  }
  const real = jest.requireActual<Package>('@aliyunmq/mq-http-sdk');
  const SDK = '@aliyunmq/mq-http-sdk';

  afterEach(() => {
    jest.dontMock(SDK);
    jest.resetModules();
    jest.restoreAllMocks();
  });

  const publish = async (): Promise<CannedRequest> => {
    stage.server.requests.length = 0;
    const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
    const keys = { accessKeyId: 'key-id', accessKeySecret: SECRET };
    const transport = aliyunHttp({ endpoint: stage.server.endpoint, ...keys });
    await transport.connect();
    const shaped = jest.spyOn(real.MQProducer.prototype, 'publishMessage');
    await outcome(transport.send(outbound(), never), () => 'sent');
    expect(shaped).toHaveBeenCalledTimes(stage.server.requests[0]?.headers['x-mq-patched'] ? 1 : 0);
    await transport.close();
    return stage.server.requests[0]!;
  };

  it('is asked for no message, since ours are the same', async () => {
    expect((await publish()).headers).not.toHaveProperty('x-mq-patched');
  });

  it('makes the requests itself when it makes others than we do', async () => {
    jest.doMock(SDK, () => ({
      ...real,
      MQClient: class extends real.MQClient {
        override buildHeaders(...of: unknown[]): object {
          return { ...super.buildHeaders(...of), 'x-mq-patched': 'yes' };
        }
      },
    }));
    expect((await publish()).headers).toMatchObject({ 'x-mq-patched': 'yes' });
  });
});
