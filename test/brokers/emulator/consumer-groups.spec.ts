import { startForTest } from './support/emulators.js';
import { codeOf, type SdkConsumer } from '../../support/transport/node-sdk.js';

async function bodiesOf(consumer: SdkConsumer, max = 16): Promise<string[]> {
  const { body } = await consumer.consumeMessage(max);
  await consumer.ackMessage(body.map((message) => message.ReceiptHandle));
  return body.map((message) => message.MessageBody);
}

describe('consumer groups', () => {
  it('read independently, each at its own speed', async () => {
    const emulator = await startForTest();
    const producer = emulator.client.getProducer('I', 'orders');
    const fast = emulator.client.getConsumer('I', 'orders', 'GID_fast');
    const slow = emulator.client.getConsumer('I', 'orders', 'GID_slow');
    const seen = { fast: [] as string[], slow: [] as string[] };
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 4; i++) await producer.publishMessage(`m${round * 4 + i}`);
      seen.fast.push(...(await bodiesOf(fast)));
      seen.slow.push(...(await bodiesOf(slow, 1)));
    }
    const all = Array.from({ length: 20 }, (_, i) => `m${i}`);
    expect(seen.fast).toEqual(all);
    expect(seen.slow).toEqual(all.slice(0, 5));
    expect(emulator.state().instances.I.topics.orders.groups).toEqual({
      GID_fast: { ready: 0, inFlight: 0, acked: 20, dead: 0 },
      GID_slow: { ready: 15, inFlight: 0, acked: 5, dead: 0 },
    });
    seen.slow.push(...(await bodiesOf(slow, 16)));
    expect(seen.slow).toEqual(all);
  });

  it('give each message to one of their members', async () => {
    const { client } = await startForTest();
    const producer = client.getProducer('I', 'orders');
    for (let i = 0; i < 40; i++) await producer.publishMessage(`m${i}`);
    const members = Array.from({ length: 4 }, () => client.getConsumer('I', 'orders', 'GID_a'));
    const batches = await Promise.all(members.map((member) => member.consumeMessage(10)));
    const bodies = batches.flatMap(({ body }) => body.map((message) => message.MessageBody));
    expect(new Set(bodies).size).toBe(40);
    expect(bodies).toHaveLength(40);
  });

  it('have their own invisibility: what one holds is ready for the other, and an ack counts for one', async () => {
    const { client } = await startForTest();
    await client.getProducer('I', 'orders').publishMessage('m');
    const a = client.getConsumer('I', 'orders', 'GID_a');
    const b = client.getConsumer('I', 'orders', 'GID_b');
    const [held] = (await a.consumeMessage(1)).body;
    expect(await codeOf(a.consumeMessage(1))).toBe('MessageNotExist');
    const [other] = (await b.consumeMessage(1)).body;
    expect(other.MessageId).toBe(held.MessageId);
    expect((await b.ackMessage([other.ReceiptHandle])).code).toBe(204);
    expect((await a.ackMessage([held.ReceiptHandle])).code).toBe(204);
  });

  it('that come later begin with the first message, also when another group has acked it', async () => {
    const { client } = await startForTest();
    await client.getProducer('I', 'orders').publishMessage('early');
    await bodiesOf(client.getConsumer('I', 'orders', 'GID_a'));
    expect(await bodiesOf(client.getConsumer('I', 'orders', 'GID_late'))).toEqual(['early']);
  });

  it('begin at the end of the topic with startFrom "end", as at the real service', async () => {
    const { client } = await startForTest({ startFrom: 'end' });
    const producer = client.getProducer('I', 'orders');
    await producer.publishMessage('early');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    expect(await codeOf(consumer.consumeMessage(1))).toBe('MessageNotExist');
    await producer.publishMessage('late');
    expect(await bodiesOf(consumer)).toEqual(['late']);
  });
});
