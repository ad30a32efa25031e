import { ManualClock } from 'nestjs-reliable-mq-emulator';
import { startForTest } from './support/emulators.js';
import { codeOf, propertiesOf, type SdkClient, type SdkMessage } from '../../support/transport/node-sdk.js';

const ONE_MINUTE = 60_000;

async function publish(client: SdkClient, ...bodies: string[]): Promise<void> {
  const producer = client.getProducer('I', 'orders');
  // The key is what stands before the dash: "a-1".
  for (const body of bodies) {
    await producer.publishMessage(body, undefined, propertiesOf({ shardingKey: body.split('-')[0] }));
  }
}

const bodies = (messages: SdkMessage[]) => messages.map((message) => message.MessageBody);
const handles = (messages: SdkMessage[]) => messages.map((message) => message.ReceiptHandle);

describe('ordered consumption', () => {
  it('delivers a key in order, and shows the key', async () => {
    const { client } = await startForTest();
    await publish(client, 'a-1', 'b-1', 'a-2', 'a-3');
    const { body } = await client.getConsumer('I', 'orders', 'GID_a').consumeMessageOrderly(16);
    expect(bodies(body)).toEqual(['a-1', 'b-1', 'a-2', 'a-3']);
    expect(body[0].ShardingKey).toBe('a');
    expect(Number(body[0].NextConsumeTime) - Number(body[0].FirstConsumeTime)).toBe(ONE_MINUTE);
  });

  it('blocks a key until the whole batch of it is acked, and other keys not at all', async () => {
    const { client } = await startForTest();
    await publish(client, 'a-1', 'a-2', 'a-3', 'b-1');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    const first = (await consumer.consumeMessageOrderly(2)).body;
    expect(bodies(first)).toEqual(['a-1', 'a-2']);
    const other = (await consumer.consumeMessageOrderly(16)).body;
    expect(bodies(other)).toEqual(['b-1']);
    await consumer.ackMessage([first[0].ReceiptHandle]);
    expect(await codeOf(consumer.consumeMessageOrderly(16))).toBe('MessageNotExist');
    await consumer.ackMessage([first[1].ReceiptHandle]);
    expect(bodies((await consumer.consumeMessageOrderly(16)).body)).toEqual(['a-3']);
  });

  it('blocks per group', async () => {
    const { client } = await startForTest();
    await publish(client, 'a-1', 'a-2', 'a-3');
    const slow = client.getConsumer('I', 'orders', 'GID_slow');
    const fast = client.getConsumer('I', 'orders', 'GID_fast');
    await slow.consumeMessageOrderly(1);
    for (const expected of ['a-1', 'a-2', 'a-3']) {
      const { body } = await fast.consumeMessageOrderly(1);
      expect(bodies(body)).toEqual([expected]);
      await fast.ackMessage(handles(body));
    }
    expect(await codeOf(slow.consumeMessageOrderly(16))).toBe('MessageNotExist');
  });

  it('delivers again from the first message that was not acked, those behind it included', async () => {
    const clock = new ManualClock();
    const emulator = await startForTest({ clock });
    await publish(emulator.client, 'a-1', 'a-2', 'a-3', 'a-4');
    const consumer = emulator.client.getConsumer('I', 'orders', 'GID_a');
    const [one, , three] = (await consumer.consumeMessageOrderly(3)).body;
    await consumer.ackMessage([one.ReceiptHandle, three.ReceiptHandle]);
    const group = () => emulator.state().instances.I.topics.orders.groups.GID_a;
    expect(group()).toEqual({ ready: 1, inFlight: 1, acked: 2, dead: 0 });
    clock.advance(ONE_MINUTE);
    expect(group()).toEqual({ ready: 3, inFlight: 0, acked: 1, dead: 0 });
    const again = (await consumer.consumeMessageOrderly(16)).body;
    expect(again.map((message) => [message.MessageBody, message.ConsumedTimes])).toEqual([
      ['a-2', '2'],
      ['a-3', '2'],
      ['a-4', '1'],
    ]);
    expect((await consumer.ackMessage([three.ReceiptHandle])).code).toBe(404);
    expect((await consumer.ackMessage(handles(again))).code).toBe(204);
    expect(group()).toEqual({ ready: 0, inFlight: 0, acked: 4, dead: 0 });
  });

  it('keeps the order when less is asked for on redelivery', async () => {
    const clock = new ManualClock();
    const { client } = await startForTest({ clock });
    await publish(client, 'a-1', 'a-2', 'a-3');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    await consumer.consumeMessageOrderly(2);
    clock.advance(ONE_MINUTE);
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { body } = await consumer.consumeMessageOrderly(1);
      seen.push(...bodies(body));
      await consumer.ackMessage(handles(body));
    }
    expect(seen).toEqual(['a-1', 'a-2', 'a-3']);
  });

  it('frees a key when the message at its head is a dead letter', async () => {
    const clock = new ManualClock();
    const emulator = await startForTest({ clock, maxAttempts: 2 });
    await publish(emulator.client, 'a-1', 'a-2');
    const consumer = emulator.client.getConsumer('I', 'orders', 'GID_a');
    for (let i = 0; i < 2; i++) {
      expect(bodies((await consumer.consumeMessageOrderly(1)).body)).toEqual(['a-1']);
      clock.advance(ONE_MINUTE);
    }
    expect(bodies((await consumer.consumeMessageOrderly(1)).body)).toEqual(['a-2']);
    expect(emulator.state().instances.I.topics.orders.groups.GID_a).toMatchObject({ dead: 1, inFlight: 1 });
  });

  it('does not order messages without a key', async () => {
    const { client } = await startForTest();
    const producer = client.getProducer('I', 'orders');
    await producer.publishMessage('x');
    await producer.publishMessage('y');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    expect(bodies((await consumer.consumeMessageOrderly(1)).body)).toEqual(['x']);
    expect(bodies((await consumer.consumeMessageOrderly(1)).body)).toEqual(['y']);
  });

  it('takes over what a group left behind when it read out of order, and the other way round', async () => {
    const clock = new ManualClock();
    const { client } = await startForTest({ clock });
    await publish(client, 'a-1', 'a-2', 'a-3');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    await consumer.consumeMessage(1);
    clock.advance(300_000);
    const ordered = (await consumer.consumeMessageOrderly(1)).body;
    expect(bodies(ordered)).toEqual(['a-1']);
    await consumer.consumeMessageOrderly(16).catch(() => undefined);
    expect(bodies((await consumer.consumeMessage(16)).body)).toEqual(['a-2', 'a-3']);
    expect((await consumer.ackMessage(handles(ordered))).code).toBe(204);
  });
});
