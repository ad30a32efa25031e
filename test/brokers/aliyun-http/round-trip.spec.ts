import fc from 'fast-check';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { startEmulator, type Emulator } from 'nestjs-reliable-mq-emulator';
import { outbound, subscription } from '../../support/transport/messages.js';

const never = new AbortController().signal;
let emulator: Emulator;
let transport: ReturnType<typeof aliyunHttp>;

beforeAll(async () => {
  emulator = await startEmulator();
  transport = aliyunHttp({
    endpoint: `${emulator.endpoint}/`,
    accessKeyId: 'test',
    accessKeySecret: 'test',
    instanceId: 'MQ_INST_1',
  });
});

afterAll(async () => {
  await transport.close();
  await emulator.close();
});

/** Texts full of what ends a CDATA section, starts markup, or is normalised by XML parsers. */
const nastyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ']]>',
        ']]',
        '>',
        ']',
        '\r',
        '\r\n',
        '\n',
        '\t',
        '<![CDATA[',
        '&#13;',
        '&amp;',
        '<',
        '&',
        '"',
        "'",
      ),
      fc.constantFrom(
        '</MessageBody><MessageTag>evil</MessageTag>',
        '<?xml version="1.0"?>',
        '<!-- -->',
        '\u0085',
        '\ufeff',
        '😀',
      ),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(''));

it('brings back every body that validateMessage lets through, character by character', async () => {
  const source = transport.subscribe(subscription({ topic: 'bodies' }));
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(nastyText, async (body) => {
      const message = outbound({
        topic: 'bodies',
        body,
        key: 'order-1',
        tag: 'created',
        properties: { 'mq-id': 'id-1' },
      });
      fc.pre(transport.validateMessage(message).length === 0);
      sent += 1;
      const { brokerMessageId } = await transport.send(message, never);
      const [delivery] = await source.receive({ max: 1, waitMs: 5_000, leaseMs: 0 }, never);
      expect(delivery?.message).toMatchObject({
        brokerMessageId,
        body,
        key: 'order-1',
        tag: 'created',
        properties: { 'mq-id': 'id-1' },
        orderingKey: null,
      });
      expect(Object.keys(delivery!.message.properties)).toEqual(['mq-id']);
      expect(await source.ack([delivery!], never)).toEqual(['done']);
    }),
    { numRuns: 300 },
  );
  expect(sent).toBeGreaterThan(200);
  await source.close();
});

it('brings back every tag, key, ordering key and property that validateMessage lets through', async () => {
  const source = transport.subscribe(subscription({ topic: 'fields', ordered: true }));
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 6 }),
    nastyText,
  );
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(
      text,
      text,
      text,
      fc.dictionary(text, text, { maxKeys: 3 }),
      async (tag, key, orderingKey, properties) => {
        const clean = {
          ...outbound({ topic: 'fields', tag, key, orderingKey, properties }),
        };
        fc.pre(transport.validateMessage(clean).length === 0);
        sent += 1;
        await transport.send(clean, never);
        const [delivery] = await source.receive({ max: 1, waitMs: 5_000, leaseMs: 0 }, never);
        expect(delivery?.message).toMatchObject({ tag, key, orderingKey });
        expect({ ...delivery?.message.properties }).toEqual(properties);
        expect(await source.ack([delivery!], never)).toEqual(['done']);
      },
    ),
    { numRuns: 100 },
  );
  expect(sent).toBe(100);
  await source.close();
});
