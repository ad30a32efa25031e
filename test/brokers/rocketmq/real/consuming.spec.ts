import 'reflect-metadata';
import { MqAdminService, MqConsumer, type MqContext, type MqMessage, RetryLater } from 'nestjs-reliable-mq';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { consumer, type Handle } from '../../../support/node/consumer.js';
import { bootNode, type Node, type NodeSetup, OWN, publishOne, told } from '../../../support/node/node.js';
import { Tables } from '../../../support/node/tables.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { describeRocketmq, useRocketmq } from '../../../support/rocketmq/use-rocketmq.js';

/** A broker delivers again seconds after a lease has ended; on a machine that is busy otherwise, later. */
const REDELIVERY = { timeoutMs: 60_000, intervalMs: 100 };
const never = new AbortController().signal;

describeRocketmq('an application on RocketMQ 5', () => {
  const broker = useRocketmq();

  describeDatabases('with its tables', (db) => {
    closeAfterEach();
    const tables = new Tables(db);
    const boot = (topic: string, groupId: string, work: Handle, more: NodeSetup = {}): Promise<Node> =>
      bootNode(db, {
        transport: rocketmq({ endpoints: broker.endpoint }),
        topics: { orders: { topic } },
        groups: { stock: { groupId } },
        handlers: [consumer('orders', 'stock', work)],
        ...more,
      });

    it('delivers again when a handler asks for it, not before, and as the same message', async () => {
      const attempts: { id: string; attempt: number; at: number }[] = [];
      const node = await boot(await broker.topic(), await broker.group(), ({ id }, { attempt }) => {
        attempts.push({ id, attempt, at: performance.now() });
        if (attempt === 1) throw new RetryLater('2s');
      });
      const id = await publishOne(node);
      await eventually(() => attempts.length === 2, { ...REDELIVERY, what: 'the second attempt' });
      expect(attempts).toMatchObject([
        { id, attempt: 1 },
        { id, attempt: 2 },
      ]);
      expect(attempts[1]!.at - attempts[0]!.at).toBeGreaterThan(1_900);
    });

    it('hands out batches, of which only the bad message fails', async () => {
      const calls: unknown[][] = [];
      const [topic, groupId] = [await broker.topic(), await broker.group()];
      @MqConsumer('orders', 'stock', { batch: { size: 10, wait: '2s' } })
      class Stock {
        async handle(messages: MqMessage[], context: MqContext): Promise<void> {
          calls.push(messages.map(({ payload }) => payload));
          for (const message of messages) await tables.effect(context, message);
          if (messages.some(({ payload }) => payload === 'bad')) throw new Error('bad');
        }
      }
      const node = await boot(topic, groupId, () => undefined, {
        handlers: [Stock],
        consume: { maxAttempts: 2, backoff: { base: 1, cap: 1 } },
      });
      const handled = told(node, 'delivery.handled');
      const parked = told(node, 'delivery.parked');
      const payloads = ['a', 'b', 'bad', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'];
      const { messages } = await node.mq.publish(
        'orders',
        payloads.map((payload) => ({ payload })),
        OWN,
      );
      await eventually(() => handled.length === 11 && parked.length === 1, { ...REDELIVERY, what: 'all of them' });
      expect(calls.some(({ length }) => length > 1)).toBe(true);
      const bad = messages[payloads.indexOf('bad')]!.id;
      expect(parked).toMatchObject([{ messageId: bad, attempt: 2 }]);
      const others = messages.map(({ id }) => id).filter((id) => id !== bad);
      expect(await tables.effects()).toEqual(others.toSorted());
      await eventually(async () => (await broker.admin.lag(groupId, topic)) === 0, {
        ...REDELIVERY,
        what: 'all acknowledged',
      });
    });

    it('keeps the order of a key, also when one of its messages fails at first', async () => {
      const seen: unknown[] = [];
      const groupId = await broker.group({ ordered: true });
      const topic = await broker.topic('FIFO');
      let failures = 1;
      const node = await boot(
        topic,
        groupId,
        ({ payload }) => {
          if (payload === 'b' && failures-- > 0) throw new Error('not yet');
          seen.push(payload);
        },
        { topics: { orders: { topic, ordered: true } }, consume: { timeout: '5s', backoff: { base: 500, cap: 500 } } },
      );
      const letters = ['a', 'b', 'c', 'd'];
      for (const payload of letters) await node.mq.publish('orders', { payload, orderingKey: 'customer-1' }, OWN);
      await eventually(() => seen.length === letters.length, { ...REDELIVERY, what: 'all handled' });
      expect(seen).toEqual(letters);
    });

    it('parks what fails on the last delivery that the group at the broker allows', async () => {
      const node = await boot(await broker.topic(), await broker.group({ maxRetries: 1 }), () => {
        throw new Error('no stock');
      });
      const id = await publishOne(node, { sku: 'tea' });
      const parked = async () => (await tables.errors()).filter((row) => row.parked);
      await eventually(async () => (await parked()).length > 0, { ...REDELIVERY, what: 'the message being parked' });
      expect(await parked()).toMatchObject([
        { message_id: id, direction: 'CONSUME', attempt: 2, payload: '{"sku":"tea"}', resolution: null },
      ]);
    });

    it('reads back what the broker gave up on, and replays it from there', async () => {
      const topic = await broker.topic();
      const groupId = await broker.group({ maxRetries: 1 });
      const deadLetterGroup = await broker.group({ maxRetries: 1_000 });
      const transport = rocketmq({ endpoints: broker.endpoint, deadLetterGroup });
      const publisher = await boot(topic, groupId, () => undefined, { role: 'relay' });
      const id = await publishOne(publisher, { sku: 'tea' });

      // Processes that die on the message each time: it is taken, and never settled.
      const dying = transport.subscribe({ topic, groupId, instanceId: null, tags: null, ordered: false });
      await eventually(
        async () => {
          await dying.receive({ max: 1, waitMs: 500, leaseMs: 1_000 }, never);
          return (await broker.admin.deadLetterCount(groupId)) === 1;
        },
        { ...REDELIVERY, what: 'the broker giving it up' },
      );
      await dying.close();

      const handled: string[] = [];
      const work: Handle = (message, context) => {
        handled.push(message.id);
        return tables.effect(context, message);
      };
      const node = await boot(topic, groupId, work, { transport });
      await eventually(async () => (await tables.errors()).length > 0, { ...REDELIVERY, what: 'the dead letter' });
      expect(await tables.errors()).toMatchObject([
        { message_id: id, error_code: 'MQ_DEAD_LETTERED', payload: '{"sku":"tea"}', resolution: null },
      ]);
      expect(handled).toEqual([]);

      const admin = node.app.get(MqAdminService);
      const [record] = await admin.find({ side: 'consume' });
      expect(record).toMatchObject({ messageId: id, topic: 'orders', group: 'stock' });
      await admin.replay([record!.id], { reason: 'stock is back' });
      await eventually(async () => (await tables.effects()).length === 1, { ...REDELIVERY, what: 'the replay' });
      expect(await tables.effects()).toEqual([id]);
    });

    it('holds in its outbox what is delayed further than the broker can', async () => {
      const node = await boot(await broker.topic('DELAY'), await broker.group(), () => undefined);
      await node.mq.publish('orders', { payload: 1, delay: '2d' }, OWN);
      const soon = await node.mq.publish('orders', { payload: 2, delay: '1s' }, OWN);
      await eventually(async () => (await tables.statuses()).some(({ status }) => status === 'SENT'));
      const statuses = new Map((await tables.statuses()).map((row) => [row.id, row.status]));
      expect(statuses.get(soon.messages[0]!.id)).toBe('SENT');
      expect([...statuses.values()].toSorted()).toEqual(['PENDING', 'SENT']);
    });

    it.each(['DELAY', 'FIFO'] as const)(
      'takes a message that asks for nothing onto a topic of type %s',
      async (type) => {
        const seen: unknown[] = [];
        const groupId = await broker.group({ ordered: type === 'FIFO' });
        const node = await boot(await broker.topic(type), groupId, ({ payload, orderingKey }) =>
          seen.push({ payload, orderingKey }),
        );
        const at = new Date(Date.now() - 60_000);
        await publishOne(node, 'plain');
        if (type === 'DELAY') await node.mq.publish('orders', { payload: 'late', deliverAt: at }, OWN);
        const all = type === 'DELAY' ? ['late', 'plain'] : ['plain'];
        await eventually(() => seen.length === all.length, { ...REDELIVERY, what: 'all handled' });
        expect(seen).toEqual(expect.arrayContaining(all.map((payload) => ({ payload, orderingKey: undefined }))));
      },
    );

    it('sends to the other topics while one does not exist, and to that one once it does', async () => {
      const [there, missing] = [await broker.topic(), `later_${db.name}_${process.pid}`];
      const node = await boot(there, await broker.group(), () => undefined, {
        topics: { orders: { topic: there }, later: { topic: missing } },
      });
      const opened = told(node, 'circuit.opened');
      const waiting = await node.mq.publish('later', { payload: 1 }, OWN);
      await eventually(() => opened.length > 0, { what: 'the topic being found missing' });
      expect(opened).toMatchObject([{ scope: expect.stringContaining('topic') }]);
      await publishOne(node);
      await broker.admin.createTopic({ name: missing });
      try {
        await eventually(async () => (await tables.statuses()).every(({ status }) => status === 'SENT'), {
          what: 'both sent',
        });
        const [row] = (await tables.statuses()).filter(({ id }) => id === waiting.messages[0]!.id);
        expect(row).toMatchObject({ failed_count: 0 });
      } finally {
        await broker.admin.deleteTopic(missing);
      }
    });

    it('says of a group that does not exist that it does not, and consumes once it does', async () => {
      const handled: string[] = [];
      const groupId = `later_${db.name}_${process.pid}`;
      const topic = await broker.topic();
      const node = await boot(topic, groupId, ({ id }) => void handled.push(id));
      const failed = told(node, 'loop.failed');
      await eventually(() => failed.length > 0, { ...REDELIVERY, what: 'the group being found missing' });
      expect(failed[0]).toMatchObject({
        error: { message: expect.stringContaining('the consumer group does not exist') },
      });
      await broker.admin.createGroup({ name: groupId });
      const id = await publishOne(node);
      try {
        await eventually(() => handled.includes(id), { ...REDELIVERY, what: 'the message being handled' });
      } finally {
        await broker.admin.deleteGroup(groupId);
      }
    });
  });
});
