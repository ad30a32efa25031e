import { createHash } from 'node:crypto';
import { startForTest } from './support/emulators.js';
import { codeOf, propertiesOf } from '../../support/transport/node-sdk.js';

const HEX_32 = /^[0-9A-F]{32}$/;

describe('publish, consume and ack with the official Node SDK', () => {
  it('carries body, tag, key and properties', async () => {
    const { client } = await startForTest();
    const properties = propertiesOf({ messageKey: 'order-7', user: { 'mq-id': '0190' } });
    const published = await client.getProducer('I', 'orders').publishMessage('{"n":1}', 'created', properties);
    expect(published).toMatchObject({
      code: 201,
      requestId: expect.stringMatching(/^[0-9A-F]{24}$/),
      body: {
        MessageId: expect.stringMatching(HEX_32),
        MessageBodyMD5: createHash('md5').update('{"n":1}').digest('hex').toUpperCase(),
      },
    });

    const before = Date.now();
    const { code, body } = await client.getConsumer('I', 'orders', 'GID_a').consumeMessage(16, 1);
    expect(code).toBe(200);
    expect(body).toHaveLength(1);
    expect(body[0]).toMatchObject({
      MessageId: published.body.MessageId,
      MessageBodyMD5: published.body.MessageBodyMD5,
      MessageBody: '{"n":1}',
      MessageTag: 'created',
      MessageKey: 'order-7',
      Properties: { 'mq-id': '0190' },
      ConsumedTimes: '1',
    });
    expect(Number(body[0].NextConsumeTime) - Number(body[0].FirstConsumeTime)).toBe(300_000);
    expect(Number(body[0].FirstConsumeTime)).toBeGreaterThanOrEqual(before - 50);
    expect(Number(body[0].PublishTime)).toBeLessThanOrEqual(Number(body[0].FirstConsumeTime));
  });

  it.each([
    ['markup', `<a href="x">&amp; ' " ></a>`],
    ['what ends a CDATA section, as two sections', 'a]]]]><![CDATA[>b', 'a]]>b'],
    ['characters of every plane', 'é 消息 😀 \u{10FFFD}'],
    ['line ends and tabs', 'a\r\nb\rc\nd\te'],
    ['blanks at both ends', '  x  '],
  ])('keeps %s as it is', async (_name, sent, received = sent) => {
    const { client } = await startForTest();
    const { body } = await client.getProducer('I', 'orders').publishMessage(sent);
    expect(body.MessageBodyMD5).toBe(createHash('md5').update(received).digest('hex').toUpperCase());
    const messages = await client.getConsumer('I', 'orders', 'GID_a').consumeMessage(1);
    expect(messages.body[0].MessageBody).toBe(received);
  });

  it('acks a batch, and then has nothing left', async () => {
    const emulator = await startForTest();
    const producer = emulator.client.getProducer('I', 'orders');
    for (let i = 0; i < 20; i++) await producer.publishMessage(`m${i}`);
    const consumer = emulator.client.getConsumer('I', 'orders', 'GID_a');
    const first = await consumer.consumeMessage(16);
    expect(first.body.map((message) => message.MessageBody)).toEqual(Array.from({ length: 16 }, (_, i) => `m${i}`));
    expect((await consumer.ackMessage(first.body.map((message) => message.ReceiptHandle))).code).toBe(204);
    const second = await consumer.consumeMessage(16);
    expect(second.body).toHaveLength(4);
    await consumer.ackMessage(second.body.map((message) => message.ReceiptHandle));
    expect(await codeOf(consumer.consumeMessage(16))).toBe('MessageNotExist');
    expect(emulator.state().instances.I.topics.orders).toEqual({
      stored: 20,
      scheduled: 0,
      half: 0,
      groups: { GID_a: { ready: 0, inFlight: 0, acked: 20, dead: 0 } },
    });
  });

  it('names the handles that did not count, and settles the others', async () => {
    const emulator = await startForTest();
    const producer = emulator.client.getProducer('I', 'orders');
    await producer.publishMessage('a');
    await producer.publishMessage('b');
    const consumer = emulator.client.getConsumer('I', 'orders', 'GID_a');
    const [a, b] = (await consumer.consumeMessage(2)).body.map((message) => message.ReceiptHandle);
    await consumer.ackMessage([a]);
    const answer = await consumer.ackMessage([a, b, 'nonsense']);
    expect(answer.code).toBe(404);
    expect(answer.body).toEqual([
      expect.objectContaining({ ErrorCode: 'ReceiptHandleError', ReceiptHandle: a }),
      expect.objectContaining({ ErrorCode: 'ReceiptHandleError', ReceiptHandle: 'nonsense' }),
    ]);
    expect(emulator.state().instances.I.topics.orders.groups.GID_a).toMatchObject({ acked: 2, inFlight: 0 });
  });

  it('delivers the tags that are asked for, and skips the others for this group', async () => {
    const emulator = await startForTest();
    const producer = emulator.client.getProducer('I', 'orders');
    for (const tag of ['a', 'b', 'c', 'A', undefined]) await producer.publishMessage(`tag ${tag}`, tag);
    const bodies = async (group: string, tags?: string) => {
      const { body } = await emulator.client.getConsumer('I', 'orders', group, tags).consumeMessage(16);
      return body.map((message) => message.MessageBody);
    };
    expect(await bodies('GID_1', 'a||b')).toEqual(['tag a', 'tag b']);
    expect(await bodies('GID_2', ' c || a ')).toEqual(['tag a', 'tag c']);
    expect(await bodies('GID_3', '*')).toHaveLength(5);
    expect(await bodies('GID_4')).toHaveLength(5);
    const { groups } = emulator.state().instances.I.topics.orders;
    expect(groups.GID_1).toEqual({ ready: 0, inFlight: 2, acked: 0, dead: 0 });
  });

  it('keeps instances apart, the one without a name included', async () => {
    const emulator = await startForTest();
    await emulator.client.getProducer('I', 'orders').publishMessage('named');
    await emulator.client.getProducer('', 'orders').publishMessage('unnamed');
    const { body } = await emulator.client.getConsumer('', 'orders', 'GID_a').consumeMessage(16);
    expect(body.map((message) => message.MessageBody)).toEqual(['unnamed']);
    expect(Object.keys(emulator.state().instances).sort()).toEqual(['', 'I']);
  });
});
