import 'reflect-metadata';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { type Emulator, startEmulator } from 'nestjs-reliable-mq-emulator';
import { consumer } from '../support/node/consumer.js';
import { bootNode, type Node, type NodeSetup, OWN, publishOne, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';
import { useTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { describeRocketmq, useRocketmq } from '../support/rocketmq/use-rocketmq.js';

const WAIT = { intervalMs: 100 };

/** What docs/guides/rocketmq5.md promises of the time with two brokers. */
describeRocketmq('moving from HTTP to RocketMQ 5', () => {
  const broker = useRocketmq();
  const db = useTestDatabase();
  closeAfterEach();
  const tables = new Tables(db);
  let emulator: Emulator;
  let names: Pick<NodeSetup, 'topics' | 'groups'>;

  beforeEach(async () => {
    emulator = await startEmulator({ port: 0 });
    names = {
      topics: { orders: { topic: await broker.topic(), instanceId: 'MQ_INST_1' } },
      groups: { stock: { groupId: await broker.group() } },
    };
  });
  afterEach(() => emulator.close());

  const boot = (transport: NodeSetup['transport'], role: 'api' | 'worker' | 'all'): Promise<Node> => {
    const work = consumer('orders', 'stock', (message, context) => tables.effect(context, message));
    const connections = [`default@${new URL(emulator.endpoint).host}`];
    return bootNode(db, { ...names, transport, role, connections, handlers: [work] });
  };
  const old = (role: 'api' | 'worker'): Promise<Node> =>
    boot(aliyunHttp({ endpoint: emulator.endpoint, accessKeyId: 'test', accessKeySecret: 'test' }), role);
  const renewed = (): Promise<Node> => boot(rocketmq({ endpoints: broker.endpoint }), 'all');

  it('sends to the new broker what was published for the old one and has not left', async () => {
    const publisher = await old('api');
    const stopped = told(publisher, 'circuit.opened');
    await emulator.close();
    const { messages } = await publisher.mq.publish('orders', { payload: 'work' }, OWN);
    await eventually(() => stopped.length > 0, { ...WAIT, what: 'the old broker being away' });
    await publisher.app.close();
    await renewed();
    await eventually(async () => (await tables.effects()).length > 0, { ...WAIT, what: 'the message being handled' });
    expect(await tables.effects()).toEqual([messages[0]!.id]);
  });

  it('handles once what is at both brokers', async () => {
    const publisher = await old('api');
    const id = await publishOne(publisher);
    await publisher.app.close();
    // As if the process had died before it wrote down that the old broker has the message.
    await db.query(`UPDATE mq_status_log SET status = 'PENDING', due_at = 1, done_at = NULL WHERE id = '${id}'`);
    await renewed();
    await eventually(async () => (await tables.effects()).length > 0, { ...WAIT, what: 'the new copy being handled' });
    const consumerOfOld = await old('worker');
    const copies = told(consumerOfOld, 'delivery.duplicate');
    await eventually(() => copies.length > 0, { ...WAIT, what: 'the old copy being recognised' });
    expect(copies).toMatchObject([{ messageId: id }]);
    expect(await tables.effects()).toEqual([id]);
  });
});
