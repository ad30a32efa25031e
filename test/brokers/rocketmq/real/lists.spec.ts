import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { describeRocketmq, useRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { outbound, subscription } from '../../../support/transport/messages.js';
import { never } from '../../../support/transport/stage.js';
import { eventually } from '../../../support/eventually.js';

const PATIENCE = { timeoutMs: 60_000, intervalMs: 100 };

describeRocketmq('lists at RocketMQ 5', () => {
  const broker = useRocketmq();
  let ours: ReturnType<typeof rocketmq>;
  beforeAll(() => (ours = rocketmq({ endpoints: broker.endpoint })));
  afterAll(() => ours.close());

  it('arrive complete, each message with what is its own, under the id that its receipt tells', async () => {
    const [topic, groupId] = [await broker.topic(), await broker.group()];
    const source = ours.subscribe(subscription({ topic, groupId }));
    // A group begins at the end of a topic that was in use before it.
    await source.receive({ max: 1, waitMs: 100, leaseMs: 30_000 }, never);
    const messages = Array.from({ length: 96 }, (_, n) =>
      outbound({
        topic,
        key: `key-${n}`,
        tag: n % 2 === 0 ? 'even' : 'odd',
        body: JSON.stringify({ n, text: 'ä€😀'.repeat(n) }),
        properties: { 'mq-id': `id-${n}`, traceparent: `00-${String(n).padStart(32, '1')}-00f067aa0ba902b7-01` },
      }),
    );
    const sent = await Promise.all(
      messages.map(async (message) => ({ ...message, id: (await ours.send(message, never)).brokerMessageId })),
    );
    const arrived: unknown[] = [];
    await eventually(
      async () => {
        const deliveries = await source.receive({ max: 32, waitMs: 1_000, leaseMs: 30_000 }, never);
        arrived.push(
          ...deliveries.map(({ message: { brokerMessageId: id, key, tag, body, properties } }) => {
            return { id, key, tag, body, properties };
          }),
        );
        await source.ack(deliveries, never);
        return arrived.length >= sent.length;
      },
      { ...PATIENCE, what: 'all of them' },
    );
    const expected = sent.map(({ id, key, tag, body, properties }) => ({ id, key, tag, body, properties }));
    const byId = (a: unknown, b: unknown) => ((a as { id: string }).id < (b as { id: string }).id ? -1 : 1);
    expect(arrived.toSorted(byId)).toEqual(expected.toSorted(byId));
    await source.close();
  });

  it('are taken as a whole by one queue, which shows that the broker takes them', async () => {
    const topic = await broker.topic('NORMAL', 4);
    await Promise.all(Array.from({ length: 32 }, (_, n) => ours.send(outbound({ topic, key: `key-${n}` }), never)));
    const counts = (await broker.admin.topicOffsets(topic)).map(({ min, max }) => max - min);
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 32]);
  });

  it('hold up to 1 MiB of bodies, with as many properties as a message may have', async () => {
    const topic = await broker.topic();
    const properties = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`p${n}`, 'v'.repeat(1_500)]));
    const body = 'x'.repeat(32_768);
    const receipts = await Promise.all(
      Array.from({ length: 64 }, (_, n) => ours.send(outbound({ topic, key: `key-${n}`, body, properties }), never)),
    );
    expect(new Set(receipts.map(({ brokerMessageId }) => brokerMessageId)).size).toBe(64);
    expect(await broker.admin.messageCount(topic)).toBe(64);
  });
});
