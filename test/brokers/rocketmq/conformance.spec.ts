import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { transportConformance } from 'nestjs-reliable-mq/spi';
import { describeRocketmq, useRocketmq } from '../../support/rocketmq/use-rocketmq.js';

// A broker delivers again some seconds after a lease, and gives up later still.

const TYPES = { normal: 'NORMAL', ordered: 'FIFO', delayed: 'DELAY' } as const;

describeRocketmq('rocketmq', () => {
  const broker = useRocketmq();
  const ordered = new Set<string>();
  let deadLetterGroup: string;
  beforeAll(async () => {
    deadLetterGroup = await broker.group({ maxRetries: 1_000 });
  });

  transportConformance('against a real broker', async () => ({
    transport: rocketmq({ endpoints: broker.endpoint, deadLetterGroup }),
    leaseMs: 2_000,
    topic: async (kind) => {
      const topic = await broker.topic(TYPES[kind]);
      if (kind === 'ordered') ordered.add(topic);
      return topic;
    },
    group: (topic) => broker.group({ ordered: ordered.has(topic) }),
    givingUp: async () => ({ groupId: await broker.group({ maxRetries: 1 }), maxDeliveries: 2 }),
    unreachable: () => rocketmq({ endpoints: '127.0.0.1:1' }),
  }));
});
