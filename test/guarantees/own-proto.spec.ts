import 'reflect-metadata';
import { MqAdminService, MqProducerService, type MqModuleOptions } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { startEmulator } from 'nestjs-reliable-mq-emulator';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { bootMq, closeAfterEach } from '../support/mq-app.js';
import { ScriptedProxy } from '../support/rocketmq/scripted-proxy.js';
import { consumer } from '../support/node/consumer.js';
import { OWN } from '../support/node/node.js';

/** As JSON says it, and as a literal cannot: keys of its own, which mean something else where they are assigned. */
const PAYLOAD = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"deep":[{"__proto__":[1]}]}';
const TEXTS = '{"__proto__":"polluted","constructor":"polluted","toString":"polluted"}';
const texts = (): Record<string, string> => JSON.parse(TEXTS) as Record<string, string>;

interface Broker {
  readonly transport: MqModuleOptions['transport'];
  /** Another producer's message, with such properties. */
  foreign(): unknown;
  end(): Promise<unknown>;
}

const BROKERS: Record<string, () => Promise<Broker>> = {
  'in memory': () => {
    const transport = memoryTransport();
    const rest = { topic: 'shop_orders', instanceId: null, tag: null, deliverAt: null, orderingKey: null };
    const foreign = (): unknown =>
      transport.broker.accept({ ...rest, key: 'memory', body: PAYLOAD, properties: texts() });
    return Promise.resolve({ transport, foreign, end: () => Promise.resolve() });
  },
  'over HTTP': async () => {
    const emulator = await startEmulator();
    const transport = aliyunHttp({ endpoint: emulator.endpoint, accessKeyId: 'test', accessKeySecret: 'test' });
    const properties = { KEYS: 'http' };
    for (const [name, value] of Object.entries(texts()))
      Object.defineProperty(properties, name, { value, enumerable: true });
    const foreign = (): unknown => emulator.put({ topic: 'shop_orders', body: PAYLOAD, properties });
    return { transport, foreign, end: () => emulator.close() };
  },
  'over gRPC': async () => {
    const proxy = await ScriptedProxy.start();
    proxy.topic('shop_orders');
    const message = { topic: { name: 'shop_orders' }, body: Buffer.from(PAYLOAD), userProperties: texts() };
    const foreign = (): unknown =>
      proxy.store.put({ ...message, systemProperties: { keys: ['grpc'], messageId: 'ID-1' } });
    return { transport: rocketmq({ endpoints: proxy.endpoint }), foreign, end: () => proxy.stop() };
  },
};

describeDatabases('an own key __proto__', (db) => {
  const ends: (() => Promise<unknown>)[] = [];
  closeAfterEach();
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  it.each(Object.keys(BROKERS))('in payload, headers and properties is data like any other: %s', async (name) => {
    const broker = await BROKERS[name]!();
    ends.push(() => broker.end());
    const told: { payload: string; headers: string; polluted: unknown }[] = [];
    const identified: string[] = [];
    let broken = true;
    const app = await bootMq(
      db,
      {
        transport: broker.transport,
        topics: { orders: { topic: 'shop_orders' } },
        groups: {
          stock: {
            groupId: 'GID_stock',
            maxAttempts: 1,
            identify: ({ key, properties }) => {
              identified.push(JSON.stringify(properties));
              return key ?? undefined;
            },
          },
        },
        reproduce: { idle: '100ms' },
      },
      {
        providers: [
          consumer('orders', 'stock', ({ payload, headers }) => {
            const polluted = ({} as { polluted?: unknown }).polluted;
            told.push({ payload: JSON.stringify(payload), headers: JSON.stringify(headers), polluted });
            if (broken) throw new Error('parked, and replayed from the database');
          }),
        ],
      },
    );
    const mq = app.get(MqProducerService);
    await mq.publish('orders', { key: 'ours', payload: JSON.parse(PAYLOAD) as object, headers: texts() }, OWN);
    const admin = app.get(MqAdminService);
    const parked = await eventually(async () => (await admin.find({ status: 'PARKED' }))[0] ?? null);
    broken = false;
    await admin.replay([parked.id], { reason: 'mended' });
    await eventually(() => told.length === 2, { what: 'the replay' });
    broker.foreign();
    await eventually(() => told.length === 3, { what: 'the message of another producer' });

    const ours = { payload: PAYLOAD, headers: TEXTS, polluted: undefined };
    expect(told).toEqual([ours, ours, { ...ours, headers: '{}' }]);
    expect(identified.map((properties) => JSON.parse(properties) as object)).toEqual([JSON.parse(TEXTS)]);
    expect(Object.keys(JSON.parse(identified[0]!) as object).toSorted()).toEqual(Object.keys(texts()).toSorted());
  });
});
