import { ManualClock } from 'nestjs-reliable-mq-emulator';
import { startForTest } from './support/emulators.js';
import { codeOf } from '../../support/transport/node-sdk.js';

const FIVE_MINUTES = 300_000;

describe('redelivery', () => {
  it('delivers again what was not acked, with a new handle and one more on the count', async () => {
    const clock = new ManualClock();
    const { client } = await startForTest({ clock });
    await client.getProducer('I', 'orders').publishMessage('m');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    const [first] = (await consumer.consumeMessage(1)).body;
    clock.advance(FIVE_MINUTES - 1);
    expect(await codeOf(consumer.consumeMessage(1))).toBe('MessageNotExist');
    clock.advance(1);
    const [second] = (await consumer.consumeMessage(1)).body;
    expect(second).toMatchObject({
      MessageId: first.MessageId,
      ConsumedTimes: '2',
      FirstConsumeTime: first.FirstConsumeTime,
    });
    expect(second.ReceiptHandle).not.toBe(first.ReceiptHandle);

    const late = await consumer.ackMessage([first.ReceiptHandle]);
    expect(late).toMatchObject({ code: 404, body: [{ ErrorCode: 'ReceiptHandleError' }] });
    expect((await consumer.ackMessage([second.ReceiptHandle])).code).toBe(204);
    clock.advance(FIVE_MINUTES);
    expect(await codeOf(consumer.consumeMessage(1))).toBe('MessageNotExist');
  });

  it('refuses a handle from the moment on at which the message is visible again', async () => {
    const clock = new ManualClock();
    const { client } = await startForTest({ clock });
    await client.getProducer('I', 'orders').publishMessage('m');
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    const [message] = (await consumer.consumeMessage(1)).body;
    clock.advance(FIVE_MINUTES);
    expect((await consumer.ackMessage([message.ReceiptHandle])).code).toBe(404);
    expect((await consumer.consumeMessage(1)).body).toHaveLength(1);
  });

  it('makes a dead letter of what was delivered as often as is allowed', async () => {
    const clock = new ManualClock();
    const log: string[] = [];
    const emulator = await startForTest({ clock, maxAttempts: 3, invisible: '10s', log: (line) => log.push(line) });
    await emulator.client.getProducer('I', 'orders').publishMessage('poison');
    const consumer = emulator.client.getConsumer('I', 'orders', 'GID_a');
    const other = emulator.client.getConsumer('I', 'orders', 'GID_b');
    for (const times of ['1', '2', '3']) {
      expect((await consumer.consumeMessage(1)).body[0].ConsumedTimes).toBe(times);
      clock.advance(10_000);
    }
    expect(await codeOf(consumer.consumeMessage(1))).toBe('MessageNotExist');
    expect((await other.consumeMessage(1)).body).toHaveLength(1);
    expect(emulator.state().instances.I.topics.orders.groups).toEqual({
      GID_a: { ready: 0, inFlight: 0, acked: 0, dead: 1 },
      GID_b: { ready: 0, inFlight: 1, acked: 0, dead: 0 },
    });
    expect(log).toEqual([expect.stringMatching(/dead letter of GID_a after 3 deliveries/)]);
  });

  it('delivers 289 times by default', async () => {
    const clock = new ManualClock();
    const emulator = await startForTest({ clock, invisible: '1s' });
    await emulator.client.getProducer('I', 'orders').publishMessage('poison');
    const consumer = emulator.client.getConsumer('I', 'orders', 'GID_a');
    let last = '';
    for (let i = 0; i < 289; i++) {
      last = (await consumer.consumeMessage(1)).body[0].ConsumedTimes;
      clock.advance(1_000);
    }
    expect(last).toBe('289');
    expect(await codeOf(consumer.consumeMessage(1))).toBe('MessageNotExist');
  });

  it('forgets messages that are older than the retention', async () => {
    const clock = new ManualClock();
    const emulator = await startForTest({ clock, retention: '1h' });
    const producer = emulator.client.getProducer('I', 'orders');
    await producer.publishMessage('old');
    clock.advance(3_600_001);
    for (let i = 0; i < 1_100; i++) await producer.publishMessage('new');
    const [message] = (await emulator.client.getConsumer('I', 'orders', 'GID_a').consumeMessage(1)).body;
    expect(message.MessageBody).toBe('new');
  });
});
