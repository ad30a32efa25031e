import 'reflect-metadata';
import { RetryLater } from 'nestjs-reliable-mq';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { consumer, type Handle } from '../../../support/node/consumer.js';
import { bootNode, type Node, OWN, told } from '../../../support/node/node.js';
import { Tables } from '../../../support/node/tables.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { describeRocketmq, useRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { rightClock, wrongClock } from './support/shifted-clock.js';

jest.setTimeout(120_000);
/** On a busy machine seconds pass between the end of a lease and the next delivery. */
const REDELIVERY = { timeoutMs: 60_000, intervalMs: 50 };
const HOUR = 3_600_000;

describeRocketmq('a delivery time', () => {
  const broker = useRocketmq();

  describeDatabases(
    'with its tables',
    (db) => {
      closeAfterEach();
      const tables = new Tables(db);
      afterEach(rightClock);

      async function boot(type: 'NORMAL' | 'DELAY', work: Handle): Promise<Node> {
        const groupId = await broker.group();
        return bootNode(db, {
          transport: rocketmq({ endpoints: broker.endpoint }),
          topics: { orders: { topic: await broker.topic(type) } },
          groups: { stock: { groupId } },
          handlers: [consumer('orders', 'stock', work)],
        });
      }

      it('that has passed is now, however long ago; one that no broker holds waits; one that no Date can be is refused', async () => {
        const handled = new Set<unknown>();
        const node = await boot('DELAY', ({ payload }) => void handled.add(payload));
        const times = [Date.now() - 5_000, 0, -5, Date.UTC(1600), -8.64e15];
        for (const at of times) await node.mq.publish('orders', { payload: at, deliverAt: new Date(at) }, OWN);
        await node.mq.publish('orders', { payload: 'no time', delay: 0 }, OWN);
        await eventually(() => handled.size === times.length + 1, { what: 'all that is due being handled' });
        expect((await tables.statuses()).map(({ failed_count }) => Number(failed_count))).toEqual(
          Array.from(handled, () => 0),
        );

        await node.mq.publish('orders', { payload: 'later', delay: '7d' }, OWN);
        expect((await tables.statuses()).filter(({ status }) => status === 'PENDING')).toHaveLength(1);
        for (const delay of [9e15, 1e19, 1e300]) {
          const refused = node.mq.publish('orders', { payload: 'never', delay }, OWN);
          await expect(refused).rejects.toMatchObject({ code: 'MQ_MESSAGE_INVALID', details: { field: 'delay' } });
        }
      });

      it('on a topic that takes none parks that message alone', async () => {
        const handled = new Set<unknown>();
        const node = await boot('NORMAL', ({ payload }) => void handled.add(payload));
        const parked = told(node, 'message.parked');
        const wrong = await node.mq.publish('orders', { payload: 'delayed', delay: '1s' }, OWN);
        // It opens the circuit of the topic; one that fits, and is let through then, shows that it is the message and not the topic.
        let right = 0;
        await eventually(
          async () => {
            if (parked.length === 0) await node.mq.publish('orders', { payload: right++ }, OWN);
            return parked.length > 0 && handled.size === right;
          },
          { intervalMs: 200, what: 'one parked, all others handled' },
        );
        expect(parked).toMatchObject([
          {
            messageId: wrong.messages[0]!.id,
            error: { message: expect.stringContaining('need a topic of type DELAY') },
          },
        ]);
        const others = (await tables.statuses()).filter(({ id }) => id !== wrong.messages[0]!.id);
        expect(others.filter(({ failed_count }) => Number(failed_count) > 0)).toEqual([]);
      });

      it.each([
        ['an hour ahead', HOUR],
        ['ten minutes behind', -HOUR / 6],
        ['an hour behind', -HOUR],
      ])('is kept by a process whose clock is %s; what has none comes at once, and comes again', async (_, wrong) => {
        const handled: { payload: unknown; at: number; sentAt: number; attempt: number }[] = [];
        const node = await boot('DELAY', ({ payload, publishedAt }, { attempt }) => {
          handled.push({ payload, attempt, at: performance.now(), sentAt: publishedAt.getTime() });
          if (payload === 'now' && attempt === 1) throw new RetryLater('2s');
        });
        const startedAt = performance.now();
        wrongClock(wrong);
        for (const delay of [0, '3s']) await node.mq.publish('orders', { payload: delay || 'now', delay }, OWN);
        await eventually(() => handled.length === 3, { ...REDELIVERY, what: 'both handled, one of them twice' });
        const of = (what: unknown) => handled.filter(({ payload }) => payload === what);
        expect(of('3s')[0]!.at - startedAt).toBeGreaterThan(2_900);
        expect(of('now')[1]!.at - of('now')[0]!.at).toBeGreaterThan(1_900);
        // Whoever reads it reads the clock of the process that sent it.
        rightClock();
        for (const { sentAt } of handled) expect(Math.abs(sentAt - Date.now() - wrong)).toBeLessThan(5 * 60_000);
      });
    },
    ['PostgreSQL'],
  );
});
