import 'reflect-metadata';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { bootNode, type Node, OWN, told } from '../../../support/node/node.js';
import { Tables } from '../../../support/node/tables.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { OK, status } from '../../../support/rocketmq/scripted-proxy-answers.js';
import { hang } from '../../../support/rocketmq/scripted-proxy-failure.js';
import { ScriptedProxy } from '../../../support/rocketmq/scripted-proxy.js';

jest.setTimeout(240_000);
const PATIENCE = { timeoutMs: 90_000, intervalMs: 100 };
/** What a proxy in front of brokers says when one of them owes an answer. */
const SILENT = status(
  'INTERNAL_SERVER_ERROR',
  'org.apache.rocketmq.remoting.exception.RemotingTimeoutException: wait response',
);
const FIFO = { types: ['FIFO'] as const };

interface Sent {
  readonly messages: { body: Buffer; systemProperties: { messageGroup?: string } }[];
}
const keyOf = (request: unknown): string => (request as Sent).messages[0]!.systemProperties.messageGroup ?? '';

// Nothing here depends on the database.
describeDatabases(
  'a frozen broker',
  (db) => {
    closeAfterEach();
    const tables = new Tables(db);
    let proxy: ScriptedProxy;
    let second: ScriptedProxy;
    let speaking: NodeJS.Timeout;
    beforeEach(async () => {
      [proxy, second] = [await ScriptedProxy.start(), await ScriptedProxy.start()];
      // Whatever is asked meanwhile: its server lives.
      const speak = (): void => [...proxy.streams, ...second.streams].forEach((each) => each.write({ status: OK }));
      speaking = setInterval(speak, 100);
    });
    afterEach(async () => {
      clearInterval(speaking);
      await Promise.all([proxy.stop(), second.stop()]);
    });

    const boot = (ordered: boolean, maxAttempts?: number): Promise<Node> =>
      bootNode(db, {
        transport: rocketmq({ endpoints: proxy.endpoint, requestTimeout: '2s' }),
        topics: { orders: { topic: 'orders', ordered } },
        reproduce: { idle: '100ms', backoff: { base: 1, cap: 1 }, ...(maxAttempts && { maxAttempts }) },
        role: 'relay',
      });
    const allSent = () =>
      eventually(async () => (await tables.statuses()).every((row) => row.status === 'SENT'), {
        ...PATIENCE,
        what: 'all sent',
      });
    const behindOne = () => proxy.topic('orders', FIFO, [{ ...proxy.network.address, broker: 'broker-b', ...FIFO }]);
    const costs = async () => (await tables.statuses()).map(({ failed_count }) => Number(failed_count));

    it('stops nothing: messages of no key go around it', async () => {
      proxy.topic('orders', {}, [{ ...second.network.address, broker: 'broker-b' }]);
      second.script.sendMessage = hang;
      const node = await boot(false);
      const opened = told(node, 'circuit.opened');
      await eventually(async () => {
        await node.mq.publish('orders', { payload: 'work' }, OWN);
        return second.seen('sendMessage').length >= 4;
      }, PATIENCE);
      await allSent();
      expect(opened.filter(({ scope }) => scope.startsWith('topic'))).toEqual([]);
      // The next time it goes elsewhere.
      expect(Math.max(...(await costs()))).toBeLessThanOrEqual(1);
    });

    it.each<[string, 'a proxy of its own' | 'a proxy for both', () => unknown]>([
      ['answers no send', 'a proxy of its own', hang],
      ['answers no send', 'a proxy for both', hang],
      ['is said to be silent', 'a proxy for both', () => ({ status: SILENT, entries: [] })],
    ])(
      'that %s, behind %s: its keys wait and cost next to nothing, and the others go on',
      async (_, proxies, answer) => {
        if (proxies === 'a proxy for both') behindOne();
        else proxy.topic('orders', FIFO, [{ ...second.network.address, broker: 'broker-b', ...FIFO }]);
        let frozen = true;
        const tried = new Map<string, number>();
        const isFrozen = (key: string): boolean => proxies === 'a proxy of its own' || key.startsWith('b');
        const at = proxies === 'a proxy of its own' ? second : proxy;
        at.script.sendMessage = (request) => {
          const key = keyOf(request);
          if (!frozen || !isFrozen(key)) return at.store.send(request);
          tried.set(key, (tried.get(key) ?? 0) + 1);
          return answer();
        };
        const node = await boot(true, 4);
        const opened = told(node, 'circuit.opened');
        const publish = (orderingKey: string, payload: number) =>
          node.mq.publish('orders', { payload, orderingKey }, OWN);
        let n = 0;
        const others = async (): Promise<void> => {
          for (const key of ['a1', 'a2', 'a3', 'a4']) await publish(key, 0);
        };
        await others();
        for (const payload of [1, 2]) for (const key of ['b1', 'b2', 'b3', 'b4']) await publish(key, payload);
        await eventually(
          async () => {
            if (++n % 10 === 0) await others();
            return tried.size >= 2 && [...tried.values()].every((times) => times >= 5);
          },
          { ...PATIENCE, what: 'each key of the frozen one being tried more often than it has attempts' },
        );
        const cost = (await costs()).reduce((sum, count) => sum + count, 0);
        expect(cost).toBeLessThanOrEqual(2);
        expect(opened.at(-1)).toMatchObject({ scope: expect.stringMatching(/^broker /) as string });
        if (proxies === 'a proxy for both')
          expect(await (await publish('a1', 1)).sent()).toMatchObject([{ status: 'sent' }]);
        frozen = false;
        await allSent();
        const order = [...proxy.seen('sendMessage'), ...second.seen('sendMessage')]
          .map(({ request }) => request as Sent)
          .filter((request) => keyOf(request) === 'b1')
          .map(({ messages }) => String(messages[0]!.body));
        expect(order.toSorted()).toEqual(order);
      },
    );

    it.each([
      ['alone', false],
      ['while others go on', true],
    ])('cannot be told from a message that no proxy lets through, %s: it is parked in the end', async (_, others) => {
      proxy.topic('orders', FIFO);
      proxy.script.sendMessage = (request) => (keyOf(request) === 'poison' ? hang() : proxy.store.send(request));
      const node = await boot(true, 3);
      await node.mq.publish('orders', { payload: 'poison', orderingKey: 'poison' }, OWN);
      await eventually(
        async () => {
          if (others) await node.mq.publish('orders', { payload: 'fine', orderingKey: 'k' }, OWN);
          return (await tables.statuses()).some(({ status: is }) => is === 'DEAD');
        },
        { ...PATIENCE, what: 'the message being parked' },
      );
      const dead = (await tables.statuses()).filter(({ status: is }) => is === 'DEAD');
      expect(dead).toMatchObject([{ payload: '"poison"' }]);
    });
  },
  ['PostgreSQL'],
);
