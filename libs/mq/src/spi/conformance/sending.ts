import assert from 'node:assert/strict';
import { systemClock } from '../../core/runtime/system-clock.js';
import { keyOf, never, rejectsAs, type BenchTest } from './transport-harness.js';

/** Texts that markup, line ends, or a careless list of `name:value|` would break. */
const TEXTS = [
  'plain',
  '{"a":"<b>&amp;</b>"}',
  'a]]>b',
  'a]]></MessageBody><MessageTag>evil</MessageTag><x>',
  'line\nline\r\nline\rline\ttab',
  '订单 🎉 Ünïcödé',
  'KEYS:a|__STARTDELIVERTIME:9999999999999|',
  '  blanks around  ',
  '&#13;&lt;',
];

export function sendingTests(test: BenchTest): void {
  test('has no problems with the options of the harness', async ({ transport }) => {
    assert.deepEqual(transport.problems(), []);
    assert.ok(transport.name);
    const { bodyBytes, receiveBatch, ackBatch, waitMs, leaseMs, maxDeliveries } = transport.capabilities.limits;
    const all = [...Object.values(bodyBytes), ...Object.values(leaseMs), receiveBatch, ackBatch, waitMs, maxDeliveries];
    for (const limit of all) assert.ok(limit > 0, 'limits are above zero');
    assert.ok(leaseMs.min <= leaseMs.max);
  });

  test('connects and closes, more than once and in any order', async ({ transport }) => {
    await transport.close();
    await Promise.all([transport.connect(), transport.connect()]);
    await transport.close();
    await transport.close();
  });

  test('delivers what was sent, with every field', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    const id = await bench.send(topic, {
      tag: 'created',
      key: 'order-7',
      body: '{"order":7}',
      properties: { 'mq-id': '0198c0de', 'mq-headers': 'eyJhIjoiYiJ9' },
    });
    const { message, deliveryCount, leaseEndsAt } = await bench.one(source);
    assert.equal(message.brokerMessageId, id);
    assert.equal(message.tag, 'created');
    assert.equal(message.key, 'order-7');
    assert.equal(message.body, '{"order":7}');
    assert.deepEqual({ ...message.properties }, { 'mq-id': '0198c0de', 'mq-headers': 'eyJhIjoiYiJ9' });
    assert.equal(message.orderingKey, null);
    assert.ok(Math.abs(message.publishedAt - systemClock.now()) < 60_000, 'publishedAt is about now');
    assert.equal(deliveryCount, 1);
    const lease = leaseEndsAt - systemClock.monotonic();
    assert.ok(lease > 0 && lease <= bench.harness.leaseMs, `the lease is up to ${bench.harness.leaseMs} ms: ${lease}`);
  });

  test('leaves out what a message does not have', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    await bench.send(topic);
    const { message } = await bench.one(source);
    assert.equal(message.tag, null);
    assert.deepEqual({ ...message.properties }, {});
  });

  for (const body of TEXTS) {
    test(`carries the body ${JSON.stringify(body)} unchanged`, async (bench) => {
      const topic = await bench.topic();
      const source = await bench.subscribe(topic);
      await bench.send(topic, { body });
      assert.equal((await bench.one(source)).message.body, body);
    });
  }

  test('carries a body at its limit, and tells the size of one above it', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    const limit = bench.transport.capabilities.limits.bodyBytes.normal;
    const body = 'x'.repeat(limit);
    await bench.send(topic, { body });
    assert.ok((await bench.one(source)).message.body === body, 'the body arrived whole');
    const violations = bench.transport.validateMessage(bench.message(topic, { body: `${body}€` }));
    assert.deepEqual(
      violations.map(({ path, tooLarge }) => ({ path, tooLarge })),
      [{ path: 'body', tooLarge: { bytes: limit + 3, limit } }],
    );
  });

  test('refuses an empty body, and a delivery time beyond the horizon', async ({ transport, message }) => {
    assert.notDeepEqual(transport.validateMessage(message('t', { body: '' })), []);
    const beyond = systemClock.now() + transport.capabilities.limits.delayMs + 60_000;
    const [violation] = transport.validateMessage(message('t', { deliverAt: beyond }));
    assert.equal(violation?.path, 'deliverAt');
  });

  test('takes many messages at once, and delivers each exactly once', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    const keys = Array.from({ length: 60 }, (_, i) => `key-${i}`);
    await Promise.all(keys.map((key) => bench.send(topic, { key })));
    const found: string[] = [];
    while (found.length < keys.length) {
      const deliveries = await bench.collect(source, 1);
      found.push(...deliveries.map(keyOf));
      assert.deepEqual(await source.ack(deliveries, never), ['done']);
    }
    assert.deepEqual(found.toSorted(), keys.toSorted());
  });

  test('holds a delayed message back until its time', async (bench) => {
    const topic = await bench.topic('delayed');
    const source = await bench.subscribe(topic);
    const deliverAt = systemClock.now() + 1_500;
    await bench.send(topic, { deliverAt });
    await bench.one(source, 10_000);
    assert.ok(systemClock.now() >= deliverAt - 50, 'not before its time');
  });

  test('sends nothing when the caller has given up already', async (bench) => {
    const topic = await bench.topic();
    const source = await bench.subscribe(topic);
    await rejectsAs(bench.transport.send(bench.message(topic), AbortSignal.abort()), ['aborted']);
    await bench.nothing(source, 300);
  });

  test('says unavailable when nobody is there, and closes all the same', async ({ harness, message }) => {
    const transport = harness.unreachable();
    await transport.connect();
    await rejectsAs(transport.send(message('t'), never), ['unavailable']);
    const spec = { topic: 't', instanceId: null, groupId: 'GID_g', tags: null, ordered: false };
    const source = transport.subscribe(spec);
    await rejectsAs(source.receive({ max: 1, waitMs: 1_000, leaseMs: harness.leaseMs }, never), ['unavailable']);
    await source.close();
    await transport.close();
  });
}
