import type { Step, StepInfo } from 'nestjs-reliable-mq-emulator';
import { startForTest } from './support/emulators.js';
import { codeOf, propertiesOf } from '../../support/transport/node-sdk.js';

describe('onStep', () => {
  it('is told of every request before, after and at the end, with the messages it is about', async () => {
    const seen: [Step, Omit<StepInfo, 'headers'>][] = [];
    const { client } = await startForTest({
      onStep: (step, { headers, ...info }) => {
        expect(headers['user-agent']).toBe('mq-nodejs-sdk/1.0.4');
        seen.push([step, info]);
      },
    });
    const properties = propertiesOf({ user: { 'mq-id': '0190' } });
    const published = await client.getProducer('I', 'orders').publishMessage('m', 'created', properties);
    const consumer = client.getConsumer('I', 'orders', 'GID_a');
    const [message] = (await consumer.consumeMessage(1)).body;
    await consumer.ackMessage([message.ReceiptHandle]);

    const messageId = published.body.MessageId;
    const known = { messageId, mqId: '0190', tag: 'created' };
    const of = (operation: string, group: string) => ({ operation, instance: 'I', topic: 'orders', group });
    expect(seen).toEqual([
      ['received', { ...of('publish', ''), messages: [{ mqId: '0190', tag: 'created' }] }],
      ['stored', { ...of('publish', ''), messages: [known] }],
      ['answered', { ...of('publish', ''), messages: [known] }],
      ['received', { ...of('consume', 'GID_a'), messages: [] }],
      ['stored', { ...of('consume', 'GID_a'), messages: [known] }],
      ['answered', { ...of('consume', 'GID_a'), messages: [known] }],
      ['received', { ...of('ack', 'GID_a'), messages: [{ messageId }] }],
      ['stored', { ...of('ack', 'GID_a'), messages: [{ messageId }] }],
      ['answered', { ...of('ack', 'GID_a'), messages: [{ messageId }] }],
    ]);
  });

  it.each<[Step, number]>([
    ['received', 0],
    ['stored', 1],
  ])('cuts the connection at "%s" when it says so, %i message being stored', async (at, stored) => {
    const emulator = await startForTest({ onStep: (step) => (step === at ? 'drop' : undefined) });
    expect(await codeOf(emulator.client.getProducer('I', 'orders').publishMessage('m'))).toBe('ECONNRESET');
    expect(emulator.state().instances.I?.topics.orders.stored ?? 0).toBe(stored);
  });

  it('is waited for: nothing is stored while it thinks', async () => {
    const steps: string[] = [];
    const emulator = await startForTest({
      onStep: async (step) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        steps.push(`${step}: ${emulator.state().instances.I?.topics.orders.stored ?? 0}`);
      },
    });
    await emulator.client.getProducer('I', 'orders').publishMessage('m');
    expect(steps.slice(0, 2)).toEqual(['received: 0', 'stored: 1']);
  });

  it('that throws is the emulator failing, not the message', async () => {
    const log: string[] = [];
    const emulator = await startForTest({
      log: (line) => log.push(line),
      onStep: () => {
        throw new Error('observer broke');
      },
    });
    expect(await codeOf(emulator.client.getProducer('I', 'orders').publishMessage('m'))).toBe('InternalError');
    expect(log[0]).toContain('observer broke');
  });
});
