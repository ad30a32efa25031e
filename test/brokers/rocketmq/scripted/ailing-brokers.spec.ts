import 'reflect-metadata';
import { rocketmq, type RocketmqOptions } from 'nestjs-reliable-mq/rocketmq';
import { bootNode, type Node, OWN, told } from '../../../support/node/node.js';
import { Tables } from '../../../support/node/tables.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { status } from '../../../support/rocketmq/scripted-proxy-answers.js';
import { hang } from '../../../support/rocketmq/scripted-proxy-failure.js';
import { ScriptedProxy } from '../../../support/rocketmq/scripted-proxy.js';

const PATIENCE = { timeoutMs: 90_000, intervalMs: 100 };
const FULL = status(
  'INTERNAL_SERVER_ERROR',
  "org.apache.rocketmq.proxy.common.ProxyException: service not available now. It may be caused by one of the following reasons: the broker's disk is full",
);

interface Sent {
  readonly messages: { body: Buffer; systemProperties: { messageGroup?: string } }[];
}

/** PostgreSQL alone: what happens is the transport's affair. */
describeDatabases(
  'brokers behind one proxy',
  (db) => {
    closeAfterEach();
    const tables = new Tables(db);
    let proxy: ScriptedProxy;
    beforeEach(async () => (proxy = await ScriptedProxy.start()));
    afterEach(() => proxy.stop());

    const boot = (ordered: boolean, options: Partial<RocketmqOptions> = {}): Promise<Node> =>
      bootNode(db, {
        transport: rocketmq({ endpoints: proxy.endpoint, requestTimeout: '2s', ...options }),
        topics: { orders: { topic: 'orders', ordered } },
        role: 'relay',
      });
    const keyOf = (request: unknown): string => (request as Sent).messages[0]!.systemProperties.messageGroup ?? '';
    const allSent = () =>
      eventually(async () => (await tables.statuses()).every((row) => row.status === 'SENT'), {
        ...PATIENCE,
        what: 'all sent',
      });

    it('of which one has no room: its keys wait at no cost, the others go on, and nothing flaps', async () => {
      proxy.topic('orders', { types: ['FIFO'] }, [
        { ...proxy.network.address, broker: 'broker-b', types: ['FIFO'] as const },
      ]);
      let full = true;
      const refused = new Map<string, number>();
      proxy.script.sendMessage = (request) => {
        const key = keyOf(request);
        if (!full || !key.startsWith('b')) return proxy.store.send(request);
        refused.set(key, (refused.get(key) ?? 0) + 1);
        return { status: FULL, entries: [] };
      };
      const node = await boot(true);
      const opened = told(node, 'circuit.opened');
      const publish = async (orderingKey: string, payload: number) =>
        (await node.mq.publish('orders', { payload, orderingKey }, OWN)).messages[0]!.id;
      for (const payload of [1, 2]) for (const key of ['b1', 'b2', 'b3', 'b4']) await publish(key, payload);
      await eventually(
        async () => {
          await publish('a', 0);
          return [...refused.values()].filter((times) => times >= 3).length === 4;
        },
        { ...PATIENCE, what: 'each key of the full one being tried thrice' },
      );
      const rows = await tables.statuses();
      expect(rows.filter((row) => row.failed_count !== 0 || row.status === 'DEAD')).toEqual([]);
      expect(rows.filter((row) => row.status !== 'SENT').length).toBeGreaterThanOrEqual(8);
      // Before anything has got through, nobody can tell that it is one of two.
      expect(opened.length).toBeLessThanOrEqual(2);
      expect(opened.at(-1)).toMatchObject({
        scope: `broker ${proxy.endpoint}`,
        error: { code: 'MQ_BROKER_UNAVAILABLE' },
      });
      full = false;
      await allSent();
      const order = proxy
        .seen('sendMessage')
        .map(({ request }) => request as Sent)
        .filter((request) => keyOf(request) === 'b1')
        .map(({ messages }) => String(messages[0]!.body));
      expect(order.toSorted()).toEqual(order);
    });

    it('that leave what is too much for them unanswered: it goes slower, and costs no attempts', async () => {
      proxy.topic('orders');
      let running = 0;
      proxy.script.sendMessage = async (request) => {
        if (running >= 8) return hang();
        running += 1;
        const until = performance.now() + 30;
        await eventually(() => performance.now() > until, { intervalMs: 5 });
        running -= 1;
        return proxy.store.send(request);
      };
      // Each message in a request of its own: in lists it would hardly be too much.
      const node = await boot(false, { profile: 'aliyun' });
      const rescheduled = told(node, 'message.rescheduled');
      for (let i = 0; i < 10; i += 1)
        await node.mq.publishAll(
          Array.from({ length: 60 }, (_, payload) => ({ topic: 'orders', payload })),
          OWN,
        );
      await allSent();
      // One that is left out again after others got through may be to blame, and counts.
      expect(rescheduled.filter(({ counted }) => counted).length).toBeLessThan(20);
      expect(rescheduled.length).toBeLessThan(250);
    });
  },
  ['PostgreSQL'],
);
