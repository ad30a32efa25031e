import 'reflect-metadata';
import { eventually } from '../../support/eventually.js';
import { mqDatabase } from '../../support/mq-app.js';
import { consumer } from '../../support/node/consumer.js';
import { bootNode, pending, publishOne } from '../../support/node/node.js';

const mockLoaded: string[] = [];
jest.mock('@opentelemetry/api', () => {
  mockLoaded.push('@opentelemetry/api');
  throw new Error("Cannot find module '@opentelemetry/api'");
});

/** All but the one that needs it, and that of metrics: prom-client needs it as well. */
const ENTRIES = [
  'aliyun-http',
  'rocketmq',
  'typeorm',
  'testing',
  'spi',
  'cli',
  'daily-log',
  'terminus',
  'cqrs',
  'microservices',
];

describe('without @opentelemetry/api', () => {
  const db = mqDatabase();

  it('every other entry can be imported, messages are published and handled, and nothing looks for it', async () => {
    await Promise.all(ENTRIES.map((entry) => import(`nestjs-reliable-mq/${entry}`)));
    const node = await bootNode(db, { handlers: [consumer('orders', 'stock', () => undefined)] });
    await publishOne(node);
    await eventually(() => node.broker.sent.length === 1 && pending(node.broker) === 0);
    expect(Object.keys(node.broker.sent[0]!.properties)).toEqual(['mq-id']);
    expect(mockLoaded).toEqual([]);
    await expect(import('nestjs-reliable-mq/otel')).rejects.toThrow('@opentelemetry/api');
    expect(mockLoaded).toEqual(['@opentelemetry/api']);
  });
});
