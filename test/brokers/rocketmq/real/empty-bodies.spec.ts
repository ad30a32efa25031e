import 'reflect-metadata';
import { MqAdminService } from 'nestjs-reliable-mq';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { consumer } from '../../../support/node/consumer.js';
import { bootNode, type Node, OWN } from '../../../support/node/node.js';
import { Tables } from '../../../support/node/tables.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { remoting } from '../../../support/rocketmq/remoting.mjs';
import { ScriptedProxy } from '../../../support/rocketmq/scripted-proxy.js';
import { describeRocketmq, useRocketmq } from '../../../support/rocketmq/use-rocketmq.js';

jest.setTimeout(120_000);
/** `RequestCode.SEND_MESSAGE` in apache/rocketmq: how producers of version 4 send. */
const SEND_MESSAGE = 10;

describeRocketmq('a body with next to nothing in it', () => {
  const broker = useRocketmq();

  describeDatabases(
    'with its tables',
    (db) => {
      closeAfterEach();

      it('comes as it was published, and an empty one is refused before it is stored', async () => {
        const [topic, groupId] = [await broker.topic(), await broker.group()];
        const handled: unknown[] = [];
        const node = await bootNode(db, {
          transport: rocketmq({ endpoints: broker.endpoint }),
          topics: { orders: { topic }, notes: { topic: 'never_sent', codec: 'text' } },
          groups: { stock: { groupId } },
          handlers: [consumer('orders', 'stock', ({ payload }) => void handled.push(payload))],
        });
        const payloads = ['', null, {}, [], 0, false];
        for (const payload of payloads) await node.mq.publish('orders', { payload }, OWN);
        for (const [to, payload] of [
          ['notes', ''],
          ['orders', undefined],
        ] as const) {
          const refused = node.mq.publish(to, { payload }, OWN);
          await expect(refused).rejects.toMatchObject({ code: 'MQ_PAYLOAD_INVALID' });
        }
        await eventually(() => handled.length >= payloads.length, { timeoutMs: 60_000, what: 'all handled' });
        expect(handled.map((each) => JSON.stringify(each)).toSorted()).toEqual(
          payloads.map((each) => JSON.stringify(each)).toSorted(),
        );
      });
    },
    ['PostgreSQL'],
  );

  it('is not taken by the broker either if it is empty, whoever sends it', async () => {
    const topic = await broker.topic('NORMAL', 1);
    const fields = {
      producerGroup: 'p',
      topic,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: 0,
      sysFlag: 0,
    };
    const rest = {
      bornTimestamp: Date.now(),
      flag: 0,
      properties: '',
      reconsumeTimes: 0,
      unitMode: false,
      batch: false,
    };
    const send = (text: string): Promise<unknown> =>
      remoting(broker.adminAddress, { code: SEND_MESSAGE, text, fields: { ...fields, ...rest } });
    await expect(send('')).rejects.toThrow('getBody()" is null');
    await send('x');
    await eventually(async () => (await broker.admin.messageCount(topic)) > 0, { what: 'it being counted' });
    expect(await broker.admin.messageCount(topic)).toBe(1);
  });
});

describeDatabases(
  'an empty body of another producer, from a broker that takes it',
  (db) => {
    closeAfterEach();
    const tables = new Tables(db);
    let proxy: ScriptedProxy;
    beforeEach(async () => (proxy = await ScriptedProxy.start()));
    afterEach(() => proxy.stop());

    async function arrives(codec: 'json' | 'text', handled: unknown[]): Promise<Node> {
      proxy.topic('foreign');
      proxy.store.put({ topic: { name: 'foreign' }, body: Buffer.alloc(0), systemProperties: { messageId: 'ID-1' } });
      return bootNode(db, {
        transport: rocketmq({ endpoints: proxy.endpoint }),
        topics: { orders: { topic: 'foreign', codec } },
        handlers: [consumer('orders', 'stock', ({ payload }) => void handled.push(payload))],
      });
    }

    it('is an empty text for the codec of texts', async () => {
      const handled: unknown[] = [];
      await arrives('text', handled);
      await eventually(() => handled.length > 0, { what: 'it being handled' });
      expect(handled).toEqual(['']);
    });

    it('is parked if it should be JSON, and says why it cannot be replayed', async () => {
      const node = await arrives('json', []);
      const row = await eventually(async () => (await tables.errors())[0], { what: 'it being parked' });
      expect(row).toMatchObject({ error_code: 'MQ_PAYLOAD_INVALID', parked: true, payload: '' });
      expect(await node.app.get(MqAdminService).replay([row.id], { reason: 'try' })).toMatchObject([
        { outcome: 'not-replayable', problem: 'body is empty' },
      ]);
    });
  },
  ['PostgreSQL'],
);
