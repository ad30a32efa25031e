import { ManualClock } from 'nestjs-reliable-mq-emulator';
import { eventually } from '../../support/eventually.js';
import { startForTest } from './support/emulators.js';
import { codeOf, propertiesOf, type SdkClient } from '../../support/transport/node-sdk.js';

const half = () => propertiesOf({ transCheckImmunityTime: 10, user: { 'mq-id': 'x' } });

async function publishHalf(client: SdkClient): Promise<{ id: string; handle: string }> {
  const { body } = await client.getTransProducer('I', 'pay', 'GID_p').publishMessage('m', 'paid', half());
  return { id: body.MessageId, handle: body.ReceiptHandle ?? '' };
}

describe('half messages', () => {
  it('are invisible until they are committed, and keep their id', async () => {
    const emulator = await startForTest();
    const { client } = emulator;
    const { id, handle } = await publishHalf(client);
    const consumer = client.getConsumer('I', 'pay', 'GID_a');
    expect(await codeOf(consumer.consumeMessage(1))).toBe('MessageNotExist');
    expect(emulator.state().instances.I.topics.pay).toMatchObject({ stored: 0, half: 1 });
    const poll = consumer.consumeMessage(1, 20);
    expect((await client.getTransProducer('I', 'pay', 'GID_p').commit(handle)).code).toBe(204);
    const [message] = (await poll).body;
    expect(message).toMatchObject({
      MessageId: id,
      MessageBody: 'm',
      MessageTag: 'paid',
      Properties: { 'mq-id': 'x' },
    });
    expect(emulator.state().instances.I.topics.pay).toMatchObject({ stored: 1, half: 0 });
  });

  it('are never seen once rolled back', async () => {
    const clock = new ManualClock();
    const emulator = await startForTest({ clock });
    const producer = emulator.client.getTransProducer('I', 'pay', 'GID_p');
    const { handle } = await publishHalf(emulator.client);
    expect((await producer.rollback(handle)).code).toBe(204);
    clock.advance(60_000);
    expect(await codeOf(producer.consumeHalfMessage(16))).toBe('MessageNotExist');
    expect(await codeOf(emulator.client.getConsumer('I', 'pay', 'GID_a').consumeMessage(1))).toBe('MessageNotExist');
    expect(emulator.state().instances.I.topics.pay).toMatchObject({ stored: 0, half: 0 });
  });

  it('can be decided once', async () => {
    const { client } = await startForTest();
    const producer = client.getTransProducer('I', 'pay', 'GID_p');
    const { handle } = await publishHalf(client);
    await producer.commit(handle);
    expect(await producer.rollback(handle)).toMatchObject({ code: 404, body: [{ ErrorCode: 'ReceiptHandleError' }] });
    expect((await client.getConsumer('I', 'pay', 'GID_a').consumeMessage(1)).body).toHaveLength(1);
  });

  it('are offered for a check when nobody decided, every ten seconds, each time with a fresh handle', async () => {
    const clock = new ManualClock();
    const { client } = await startForTest({ clock });
    const producer = client.getTransProducer('I', 'pay', 'GID_p');
    const { handle } = await publishHalf(client);
    clock.advance(9_999);
    expect(await codeOf(producer.consumeHalfMessage(1))).toBe('MessageNotExist');
    clock.advance(1);
    expect((await producer.commit(handle)).code).toBe(404);
    const [first] = (await producer.consumeHalfMessage(1)).body;
    expect(first).toMatchObject({ MessageBody: 'm', ConsumedTimes: '1' });
    expect(Number(first.NextConsumeTime) - Number(first.FirstConsumeTime)).toBe(10_000);
    expect(await codeOf(producer.consumeHalfMessage(1))).toBe('MessageNotExist');
    clock.advance(10_000);
    const [second] = (await producer.consumeHalfMessage(1)).body;
    expect(second.ConsumedTimes).toBe('2');
    expect((await producer.commit(first.ReceiptHandle)).code).toBe(404);
    expect((await producer.commit(second.ReceiptHandle)).code).toBe(204);
    expect((await client.getConsumer('I', 'pay', 'GID_a').consumeMessage(1)).body[0].MessageId).toBe(first.MessageId);
  });

  it('wake a poll that waits for checks', async () => {
    const clock = new ManualClock();
    const emulator = await startForTest({ clock });
    const producer = emulator.client.getTransProducer('I', 'pay', 'GID_p');
    await publishHalf(emulator.client);
    const poll = producer.consumeHalfMessage(1, 30);
    // On a clock that stands still the poll has to be there before the clock moves.
    const moved = eventually(() => {
      clock.advance(500);
      return emulator.state().requests.consumeHalf?.['200'];
    });
    expect((await poll).body).toHaveLength(1);
    await moved;
  });

  it('are dropped after a day', async () => {
    const clock = new ManualClock();
    const emulator = await startForTest({ clock });
    await publishHalf(emulator.client);
    clock.advance(86_400_000);
    const producer = emulator.client.getTransProducer('I', 'pay', 'GID_p');
    expect(await codeOf(producer.consumeHalfMessage(1))).toBe('MessageNotExist');
    expect(emulator.state().instances.I.topics.pay.half).toBe(0);
  });

  it('need an interval from 10 to 300 seconds, and cannot be scheduled', async () => {
    const { client } = await startForTest();
    const producer = client.getProducer('I', 'pay');
    for (const transCheckImmunityTime of [9, 301, 10.5]) {
      expect(await codeOf(producer.publishMessage('m', 't', propertiesOf({ transCheckImmunityTime })))).toBe(
        'InvalidArgument',
      );
    }
    const both = propertiesOf({ transCheckImmunityTime: 10, startDeliverTime: Date.now() + 60_000 });
    expect(await codeOf(producer.publishMessage('m', 't', both))).toBe('InvalidArgument');
  });
});
