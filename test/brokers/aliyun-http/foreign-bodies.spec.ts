import { createHash } from 'node:crypto';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { startEmulator, type Emulator } from 'nestjs-reliable-mq-emulator';
import { http, md5, messageXml, messagesXml } from '../../support/transport/answers.js';
import { outbound, subscription } from '../../support/transport/messages.js';
import { never, Stage } from '../../support/transport/stage.js';

const request = { max: 16, waitMs: 2_000, leaseMs: 0 };
const GBK = Buffer.from([0xc4, 0xe3, 0xba, 0xc3, 0x5c]);
const BINARY = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const digestOf = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex').toUpperCase();

describe('a body of a producer that speaks another protocol', () => {
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

  const receive = async (topic: string, ordered = false) => {
    const found = await transport.subscribe(subscription({ topic, ordered })).receive(request, never);
    return found.map(({ message }) => message);
  };

  it.each([
    ['GBK', GBK],
    ['every byte there is', BINARY],
    ['half of a character', Buffer.from('€').subarray(0, 2)],
  ])('arrives to the byte: %s', async (_, bytes) => {
    const topic = `bytes-${bytes.length}`;
    await emulator.put({ topic, body: bytes });
    await emulator.put({ topic, body: '{"n":"ä€😀"}' });
    const [first, second] = await receive(topic);
    expect(Buffer.from(first!.body as Uint8Array)).toEqual(bytes);
    expect(first).not.toHaveProperty('unreadable');
    expect(second!.body).toBe('{"n":"ä€😀"}');
  });

  it.each([
    ['U+0000', 'a\0b'],
    ['a control character', 'a\u0008b'],
    ['a character that XML forbids', 'a\uffffb'],
  ])('is a text like any other with %s', async (_, body) => {
    const topic = `odd-${body.charCodeAt(1)}`;
    await emulator.put({ topic, body });
    await transport.send(outbound({ topic, body: 'after' }), never);
    const found = await receive(topic);
    expect(found.map((message) => message.body)).toEqual([body, 'after']);
    expect(found[0]).not.toHaveProperty('unreadable');
  });

  it('is unreadable with the digest of something else, and what follows it on an ordered topic is not held up', async () => {
    const put = (body: string, more: object = {}) =>
      emulator.put({ topic: 'ordered', body, properties: { __SHARDINGKEY: 'k', KEYS: 'key-1' }, ...more });
    // What a broker makes of GBK that it takes for UTF-8, under the digest of what was sent.
    await put(GBK.toString('utf8'), { md5: digestOf(GBK) });
    await put('next');
    const found = await receive('ordered', true);
    expect(found).toMatchObject([
      { body: GBK.toString('utf8'), unreadable: 'its digest is not that of its body', orderingKey: 'k', key: 'key-1' },
      { body: 'next' },
    ]);
    expect(found[1]).not.toHaveProperty('unreadable');
  });

  it('cannot be published: the protocol carries texts', () => {
    expect(transport.validateMessage(outbound({ body: GBK }))).toEqual([
      { path: 'body', problem: 'is no UTF-8 text, and this protocol carries nothing else' },
    ]);
  });
});

describe('an answer that is not well-formed', () => {
  let stage: Stage;
  beforeEach(async () => (stage = await Stage.open()));
  afterEach(() => stage.close());

  const raw = (id: string, xml: string, digest = md5(xml)): string =>
    messageXml({ MessageId: id, MessageBodyMD5: digest }).replace(
      /<MessageBody>[^]*<\/MessageBody>/,
      () => `<MessageBody>${xml}</MessageBody>`,
    );
  const receive = async (ordered: boolean, ...messages: string[]) => {
    stage.server.reply = http(200, messagesXml(...messages));
    const found = await stage.transport().subscribe(subscription({ ordered })).receive(request, never);
    return found.map(({ message: { brokerMessageId, body, unreadable } }) => [brokerMessageId, body, unreadable]);
  };

  it('because of one body costs none of the others', async () => {
    const a = messageXml({ MessageId: 'A', MessageBody: 'a' });
    const c = messageXml({ MessageId: 'C', MessageBody: 'c' });
    expect(await receive(false, a, raw('B', '<b><x', '0'.repeat(32)), c)).toEqual([
      ['A', 'a', undefined],
      ['B', '<b><x', 'its digest is not that of its body'],
      ['C', 'c', undefined],
    ]);
    expect(await receive(true, a, raw('B', '1 < 2 </MessageBody> ', ''), c)).toEqual([
      ['A', 'a', undefined],
      ['B', '1 < 2 </MessageBody> ', 'it breaks the XML around it'],
      ['C', 'c', undefined],
    ]);
  });

  it('is believed where the digest says that the body is whole', async () => {
    expect(await receive(false, raw('A', '1 < 2'))).toEqual([['A', '1 < 2', undefined]]);
  });

  it('ends on an ordered topic at what cannot be acknowledged', async () => {
    const [a, c] = ['A', 'C'].map((id) => messageXml({ MessageId: id }));
    for (const b of [messageXml({ MessageId: 'B', ReceiptHandle: '' }), messageXml({ MessageId: '<' })]) {
      expect((await receive(true, a!, b, c!)).map(([id]) => id)).toEqual(['A']);
      expect((await receive(false, a!, b, c!)).map(([id]) => id)).toEqual(['A', 'C']);
    }
  });
});
