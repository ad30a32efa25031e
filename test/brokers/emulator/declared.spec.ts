import type { EmulatorConfig } from 'nestjs-reliable-mq-emulator';
import { startForTest } from './support/emulators.js';
import { codeOf, propertiesOf } from '../../support/transport/node-sdk.js';

const declared: EmulatorConfig = {
  instances: {
    I: {
      topics: {
        orders: { type: 'normal', maxBodyBytes: 10 },
        queue: { type: 'ordered' },
        slow: { qps: 2 },
      },
      groups: ['GID_a'],
    },
  },
};

describe('declared topics and groups', () => {
  it('exist, and nothing else', async () => {
    const { client } = await startForTest({ config: declared });
    expect(await codeOf(client.getProducer('I', 'orders').publishMessage('m'))).toBe('no error');
    expect(await codeOf(client.getProducer('I', 'other').publishMessage('m'))).toBe('TopicNotExist');
    expect(await codeOf(client.getProducer('J', 'orders').publishMessage('m'))).toBe('TopicNotExist');
    expect(await codeOf(client.getProducer('', 'orders').publishMessage('m'))).toBe('TopicNotExist');
    expect(await codeOf(client.getProducer('I', 'constructor').publishMessage('m'))).toBe('TopicNotExist');
    expect(await codeOf(client.getConsumer('I', 'orders', 'GID_a').consumeMessage(1))).toBe('no error');
    expect(await codeOf(client.getConsumer('I', 'orders', 'GID_b').consumeMessage(1))).toBe('SubscriptionNotExist');
    expect(await codeOf(client.getConsumer('I', 'orders', 'GID_b').ackMessage(['h']))).toBe('SubscriptionNotExist');
    expect(await codeOf(client.getConsumer('I', 'other', 'GID_a').consumeMessage(1))).toBe('TopicNotExist');
  });

  it('take the messages they are declared for', async () => {
    const { client } = await startForTest({ config: declared });
    const ordered = propertiesOf({ shardingKey: 'k' });
    expect(await codeOf(client.getProducer('I', 'queue').publishMessage('m'))).toBe('InvalidArgument');
    expect(await codeOf(client.getProducer('I', 'queue').publishMessage('m', 't', ordered))).toBe('no error');
    expect(await codeOf(client.getProducer('I', 'orders').publishMessage('m', 't', ordered))).toBe('InvalidArgument');
    expect(await codeOf(client.getProducer('I', 'orders').publishMessage('12345678901'))).toBe('InvalidArgument');
  });

  it('take no more messages a second than they are declared for', async () => {
    const { client } = await startForTest({ config: declared });
    const producer = client.getProducer('I', 'slow');
    const codes = await Promise.all(Array.from({ length: 6 }, () => codeOf(producer.publishMessage('m'))));
    expect(codes).toContain('QpsLimitExceeded');
    expect(codes.filter((code) => code === 'no error').length).toBeGreaterThanOrEqual(2);
  });
});
