import { ManualClock } from 'nestjs-reliable-mq/testing';
import { http, messageXml, messagesXml } from '../../support/transport/answers.js';
import { subscription } from '../../support/transport/messages.js';
import { never, Stage } from '../../support/transport/stage.js';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const request = { max: 16, waitMs: 0, leaseMs: 0 };

let stage: Stage;
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

it('reads every field of a message', async () => {
  const xml = messageXml({
    MessageId: 'ID',
    ReceiptHandle: 'HANDLE',
    PublishTime: '1700000000000',
    ConsumedTimes: '3',
    MessageTag: 'created',
    MessageBody: '<a>&</a>\r\n',
    Properties: 'KEYS:order-1|mq-id:0198|__SHARDINGKEY:customer-1|',
  });
  stage.server.reply = http(200, messagesXml(xml));
  const [delivery] = await stage.transport().subscribe(subscription()).receive(request, never);
  expect(delivery).toMatchObject({
    deliveryCount: 3,
    handle: 'HANDLE',
    message: {
      brokerMessageId: 'ID',
      tag: 'created',
      key: 'order-1',
      body: '<a>&</a>\r\n',
      properties: { 'mq-id': '0198' },
      orderingKey: 'customer-1',
      publishedAt: 1_700_000_000_000,
    },
  });
});

it.each([
  ['a colon in the key', 'KEYS:order:1|a:b', { key: 'order:1', properties: { a: 'b' } }],
  [
    'an address of another producer',
    'url:http://a:80/?b=c|KEYS:k',
    { key: 'k', properties: { url: 'http://a:80/?b=c' } },
  ],
  ['a time', 'at:2026-01-02T03:04:05Z|', { key: null, properties: { at: '2026-01-02T03:04:05Z' } }],
  ['what only the broker uses', '__STARTDELIVERTIME:17|__TransCheckT:30|a:b|', { key: null, properties: { a: 'b' } }],
  ['pairs that are none', '|:|a|:b|c:|d:e', { key: null, properties: { d: 'e' } }],
  [
    'a name of the language',
    '__proto__:a|constructor:b',
    { properties: JSON.parse('{"__proto__":"a","constructor":"b"}') as object },
  ],
  ['nothing', '', { key: null, properties: {} }],
])('reads properties with %s', async (_, raw, expected) => {
  stage.server.reply = http(200, messagesXml(messageXml({ Properties: raw.replaceAll('&', '&amp;') })));
  const [delivery] = await stage.transport().subscribe(subscription()).receive(request, never);
  expect(delivery!.message).toMatchObject(expected);
  expect(Object.keys(delivery!.message.properties)).toEqual(Object.keys(expected.properties));
  expect(({} as Record<string, unknown>)['a']).toBeUndefined();
});

it.each([
  ['CDATA', '<![CDATA[a<b]]>', 'a<b'],
  ['references', '&#97;&#x1F389;&lt;&quot;&apos;&amp;amp;', 'a🎉<"\'&amp;'],
  ['surrogates as two references', '&#55357;&#56832;', '😀'],
  ['carriage returns, as they are and as references', 'a\r\nb&#13;c\r', 'a\r\nb\rc\r'],
  ['comments', 'a<!-- <x> -->b', 'ab'],
  ['a second section', 'a<![CDATA[]]]]><![CDATA[>]]>b', 'a]]>b'],
])('reads a body with %s', async (_, xml, body) => {
  const whole = messageXml({ MessageBody: body }).replace(
    /<MessageBody>[^]*<\/MessageBody>/,
    () => `<MessageBody>${xml}</MessageBody>`,
  );
  stage.server.reply = http(200, messagesXml(whole));
  const [delivery] = await stage.transport().subscribe(subscription()).receive(request, never);
  expect(delivery!.message.body).toBe(body);
});

describe('a lease', () => {
  const clock = new ManualClock(NOW);
  // Broker and machine disagree by a day.
  const broker = NOW + 86_400_000;
  const lease = async (headers: Record<string, string>, ordered = false): Promise<number> => {
    const xml = messageXml({ NextConsumeTime: String(broker + 300_000) });
    stage.server.reply = http(200, messagesXml(xml), headers);
    const source = stage.transport({ clock }).subscribe(subscription({ ordered }));
    const [delivery] = await source.receive(request, never);
    return delivery!.leaseEndsAt - clock.monotonic();
  };

  it("is counted on the broker's clock alone, less the second that Date does not tell", async () => {
    expect(await lease({ Date: new Date(broker).toUTCString() })).toBe(299_000);
    expect(await lease({ Date: new Date(broker + 299_000).toUTCString() })).toBe(0);
    expect(await lease({ Date: new Date(broker + 400_000).toUTCString() })).toBe(0);
  });

  it('is what the service documents when the answer does not tell', async () => {
    expect(await lease({ Date: 'soon' })).toBe(300_000);
    expect(await lease({ Date: 'soon' }, true)).toBe(60_000);
  });
});

it('asks for what the protocol knows', async () => {
  stage.server.reply = http(200, messagesXml(messageXml()));
  const transport = stage.transport({ instanceId: 'MQ_INST_1' });
  await transport.subscribe(subscription({ tags: ['a', 'b'] })).receive({ ...request, max: 99 }, never);
  await transport
    .subscribe(subscription({ ordered: true, instanceId: 'MQ_INST_2' }))
    .receive({ max: 0, waitMs: 0, leaseMs: 0 }, never);
  expect(stage.server.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
    'GET /topics/orders/messages?consumer=GID_stock&ns=MQ_INST_1&tag=a%7C%7Cb&numOfMessages=16',
    'GET /topics/orders/messages?consumer=GID_stock&ns=MQ_INST_2&numOfMessages=1&trans=order',
  ]);
});
