import { ManualClock } from 'nestjs-reliable-mq-emulator';
import { startForTest } from './support/emulators.js';
import { codeOf, propertiesOf } from '../../support/transport/node-sdk.js';

const DAY = 86_400_000;

describe('scheduled messages', () => {
  it('become visible at their time, in the order of their times', async () => {
    const clock = new ManualClock();
    const emulator = await startForTest({ clock });
    const producer = emulator.client.getProducer('I', 'deadlines');
    const at = (ms: number) => propertiesOf({ startDeliverTime: clock.now() + ms });
    await producer.publishMessage('later', 'due', at(2_000));
    await producer.publishMessage('sooner', 'due', at(1_000));
    expect(emulator.state().instances.I.topics.deadlines).toMatchObject({ stored: 2, scheduled: 2 });
    const consumer = emulator.client.getConsumer('I', 'deadlines', 'GID_a');
    clock.advance(999);
    expect(await codeOf(consumer.consumeMessage(16))).toBe('MessageNotExist');
    clock.advance(1_001);
    const { body } = await consumer.consumeMessage(16);
    expect(body.map((message) => message.MessageBody)).toEqual(['sooner', 'later']);
    expect(emulator.state().instances.I.topics.deadlines).toMatchObject({ stored: 2, scheduled: 0 });
  });

  it('wake a long poll, on the system clock', async () => {
    const { client } = await startForTest();
    const due = Date.now() + 300;
    await client.getProducer('I', 'deadlines').publishMessage('m', 'due', propertiesOf({ startDeliverTime: due }));
    const [message] = (await client.getConsumer('I', 'deadlines', 'GID_a').consumeMessage(1, 20)).body;
    expect(Number(message.FirstConsumeTime)).toBeGreaterThanOrEqual(due - 2);
    expect(Number(message.FirstConsumeTime)).toBeLessThan(due + 10_000);
    expect(message.StartDeliverTime).toBe(due);
  });

  it('are visible at once when their time has passed', async () => {
    const { client } = await startForTest();
    const past = propertiesOf({ startDeliverTime: Date.now() - 1_000 });
    await client.getProducer('I', 'deadlines').publishMessage('m', 'due', past);
    expect((await client.getConsumer('I', 'deadlines', 'GID_a').consumeMessage(1)).body).toHaveLength(1);
  });

  it('may lie up to 40 days ahead, longer than a timer of Node can wait', async () => {
    const clock = new ManualClock();
    const emulator = await startForTest({ clock });
    const producer = emulator.client.getProducer('I', 'deadlines');
    const at = (ms: number) => propertiesOf({ startDeliverTime: clock.now() + ms });
    await producer.publishMessage('far', 'due', at(40 * DAY));
    expect(await codeOf(producer.publishMessage('too far', 'due', at(40 * DAY + 60_000)))).toBe('InvalidArgument');
    clock.advance(39 * DAY);
    expect(emulator.state().instances.I.topics.deadlines.scheduled).toBe(1);
    clock.advance(DAY);
    expect(emulator.state().instances.I.topics.deadlines.scheduled).toBe(0);
  });
});
