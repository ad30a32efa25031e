import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { startEmulator, type Emulator } from 'nestjs-reliable-mq-emulator';
import { outbound, subscription, type Outbound, type Subscription } from '../../support/transport/messages.js';
import { http, receiptXml } from '../../support/transport/answers.js';
import { delivery, failure, never, Stage } from '../../support/transport/stage.js';

const KIB = 1_024;
const MIB = KIB * KIB;
const DAY = 86_400_000;

let emulator: Emulator;
let transport: ReturnType<typeof aliyunHttp>;

beforeAll(async () => {
  emulator = await startEmulator();
  transport = aliyunHttp({ endpoint: emulator.endpoint, accessKeyId: 'test', accessKeySecret: 'test' });
});

afterAll(async () => {
  await transport.close();
  await emulator.close();
});

const pathsOf = (message: Partial<Outbound>): string[] =>
  transport.validateMessage(outbound(message)).map(({ path }) => path);

it('has nothing against an ordinary message', () => {
  expect(pathsOf({})).toEqual([]);
  expect(pathsOf({ tag: 'a b', key: '订单 🎉 1', properties: { 'mq-id': '0198', 'mq-headers': 'eyJ9' } })).toEqual([]);
  expect(pathsOf({ key: `a&b<c>d"e'f` })).toEqual([]);
});

it.each<[string, Partial<Outbound>, string]>([
  ['an empty body', { body: '' }, 'body'],
  ['a body of white space', { body: ' \r\n\t' }, 'body'],
  ['U+0000 in a body', { body: 'a\u0000b' }, 'body'],
  ['U+0008 in a body', { body: 'a\u0008b' }, 'body'],
  ['U+FFFE in a body', { body: 'a\ufffeb' }, 'body'],
  ['U+FFFF in a body', { body: 'a\uffffb' }, 'body'],
  ['a lone high surrogate', { body: 'a\ud83d' }, 'body'],
  ['a lone low surrogate', { body: '\ude00b' }, 'body'],
  ['a normal body above 4 MiB', { body: 'x'.repeat(4 * MIB + 1) }, 'body'],
  ['an ordered body above 4 MiB', { body: 'x'.repeat(4 * MIB + 1), orderingKey: 'k' }, 'body'],
  ['a delayed body above 64 KiB', { body: 'x'.repeat(64 * KIB + 1), deliverAt: Date.now() + DAY }, 'body'],
  ['a body above 4 MiB in bytes, not in characters', { body: '€'.repeat(1.5 * MIB) }, 'body'],
  ['a key that smuggles a property', { key: 'a|__STARTDELIVERTIME:9999999999999' }, 'key'],
  ['a key with a colon', { key: 'order:1' }, 'key'],
  ['a key with a line end', { key: 'a\nb' }, 'key'],
  ['an empty key', { key: '' }, 'key'],
  ['an ordering key with a colon', { orderingKey: 'a:b' }, 'orderingKey'],
  ['a key that ends a section', { key: 'a]]>b' }, 'key'],
  ['a tag that ends a section', { tag: 'a]]>b' }, 'tag'],
  ['a tag that is an expression', { tag: 'a||b' }, 'tag'],
  ['a tag that means all', { tag: '*' }, 'tag'],
  ['an empty tag', { tag: '' }, 'tag'],
  ['a tag with a carriage return', { tag: 'a\rb' }, 'tag'],
  ['a tag with blanks around', { tag: ' a' }, 'tag'],
  ['a property value with a colon', { properties: { url: 'http://a' } }, 'properties.url'],
  ['a property value with a quote', { properties: { a: "it's" } }, 'properties.a'],
  ['a property name with a bar', { properties: { 'a|b': 'c' } }, 'properties.a|b'],
  ['an empty property value, which the SDK skips', { properties: { a: '' } }, 'properties.a'],
  ['a property of the protocol', { properties: { KEYS: 'a' } }, 'properties.KEYS'],
  ['a delay of the protocol', { properties: { __STARTDELIVERTIME: '1' } }, 'properties.__STARTDELIVERTIME'],
  [
    'a property called __proto__',
    { properties: JSON.parse('{"__proto__":"a"}') as Record<string, string> },
    'properties.__proto__',
  ],
  ['properties above 16 KiB', { properties: { a: 'x'.repeat(16 * KIB) } }, 'properties'],
  ['a delivery beyond 40 days', { deliverAt: Date.now() + 40 * DAY + 60_000 }, 'deliverAt'],
  ['a delivery at no time', { deliverAt: Number.NaN }, 'deliverAt'],
  ['a topic with a blank', { topic: 'a b' }, 'topic'],
  ['a topic with a fragment', { topic: 'a#b' }, 'topic'],
  ['a topic with a slash', { topic: 'a/b' }, 'topic'],
  ['a topic with an escape', { topic: '%DLQ%GID_x' }, 'topic'],
  ['a Chinese topic', { topic: '订单' }, 'topic'],
  ['a topic of 65 characters', { topic: 't'.repeat(65) }, 'topic'],
  ['an instance with a query', { instanceId: 'I&trans=pop' }, 'instanceId'],
])('refuses %s', (_, message, path) => {
  expect(pathsOf(message)).toEqual([path]);
});

it('tells the size of what is too large', () => {
  const [violation] = transport.validateMessage(outbound({ body: 'x'.repeat(64 * KIB + 7), deliverAt: Date.now() }));
  expect(violation?.tooLarge).toEqual({ bytes: 64 * KIB + 7, limit: 64 * KIB });
});

it.each<[string, Partial<Subscription>, string]>([
  ['a group with a query', { groupId: 'G&ns=EVIL' }, 'groupId'],
  ['a Chinese group', { groupId: '库存' }, 'groupId'],
  ['names that are too long together', { groupId: 'g'.repeat(60), topic: 't'.repeat(60) }, 'groupId'],
  ['a topic with a fragment', { topic: 'a#b' }, 'topic'],
  ['a tag that is an expression', { tags: ['a||b'] }, 'tags'],
  ['the tag for all', { tags: ['*'] }, 'tags'],
  ['more tags than a request line holds', { tags: Array.from({ length: 60 }, (_, i) => `tag-number-${i}`) }, 'tags'],
])('refuses a subscription with %s', (_, spec, path) => {
  expect(transport.validateSubscription(subscription(spec)).map((violation) => violation.path)).toEqual([path]);
});

it('lets no body write elements of its own', async () => {
  const body = 'a]]></MessageBody><MessageTag>evil</MessageTag><Properties>KEYS:evil</Properties><x><![CDATA[b';
  const source = transport.subscribe(subscription({ topic: 'injection' }));
  await transport.send(outbound({ topic: 'injection', body, key: 'mine' }), never);
  const [received] = await source.receive({ max: 1, waitMs: 5_000, leaseMs: 0 }, never);
  expect(received!.message).toMatchObject({ body, tag: null, key: 'mine' });
});

it('sends no carriage return that a conforming parser would turn into a line feed', async () => {
  const stage = await Stage.open(http(201, receiptXml('a\r\nb\r')));
  expect(await stage.publish({ body: 'a\r\nb\r' })).toBe('sent');
  const { body } = stage.server.requests[0]!;
  expect(body).not.toContain('\r');
  expect(body).toContain('<MessageBody><![CDATA[a]]>&#13;<![CDATA[\nb]]>&#13;<![CDATA[]]></MessageBody>');
  await stage.close();
});

it('signs what it sends, also for tags that other URL libraries rewrite', async () => {
  const tags = ["it's", '已支付', 'a b', 'a+b&c=d', '50%'];
  const source = transport.subscribe(subscription({ topic: 'tags', tags }));
  for (const tag of [...tags, 'other']) await transport.send(outbound({ topic: 'tags', tag }), never);
  const received = await source.receive({ max: 16, waitMs: 5_000, leaseMs: 0 }, never);
  expect(received.map(({ message }) => message.tag)).toEqual(tags);
});

it('takes no more handles at once than the broker does, and asks nothing for none', async () => {
  const source = transport.subscribe(subscription());
  const before = emulator.state().requests;
  expect(await source.ack([], never)).toEqual([]);
  const many = Array.from({ length: 17 }, (_, i) => delivery(`handle-${i}`));
  expect(await failure(source.ack(many, never))).toMatchObject({ name: 'TransportError', kind: 'invalid' });
  expect(emulator.state().requests).toEqual(before);
});
