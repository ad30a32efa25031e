import 'reflect-metadata';
import { createParamDecorator, type Type, UsePipes, ValidationPipe } from '@nestjs/common';
import {
  defineTopic,
  MqConsumer,
  MqConsumerService,
  type MqContext,
  MqCtx,
  MqHeader,
  MqKey,
  type MqMessage,
  MqMsg,
  MqPayload,
  MqTag,
} from 'nestjs-reliable-mq';
import { MemoryBroker } from 'nestjs-reliable-mq/testing';
import { z } from 'zod';
import { describeDatabases, type TestDatabase, useTestDatabase } from '../support/database.js';
import { eventually, eventuallyPasses } from '../support/eventually.js';
import { closeAfterEach } from '../support/mq-app.js';
import { bootNode, type Node, type NodeSetup, OWN, pending, told } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

interface Click {
  n: number;
}
type Handle = (messages: MqMessage<Click>[], context: MqContext) => unknown;

const Clicks = defineTopic('orders', z.object({ n: z.number() }));
const HOUR = 3_600_000;

/** A group that is called with three messages, or fewer after this time. */
function batches(handle: Handle, wait: string | number = '1m', topic: string | typeof Clicks = 'orders'): Type {
  @MqConsumer(topic as string, 'stock', { batch: { size: 3, wait } })
  class Count {
    handle(messages: MqMessage<Click>[], context: MqContext): unknown {
      return handle(messages, context);
    }
  }
  return Count;
}

/** As a producer that is not ours, so that a test decides on ids and bodies. */
async function send({ transport }: Node, ...messages: { id: string; n: unknown }[]): Promise<void> {
  const common = { topic: 'shop_orders', instanceId: null, tag: null, deliverAt: null, orderingKey: null };
  for (const { id, n } of messages) {
    const message = { ...common, key: id, body: JSON.stringify({ n }), properties: { 'mq-id': id } };
    await transport.send(message, new AbortController().signal);
  }
}
const three = ['a', 'b', 'c'].map((id, n) => ({ id, n }));

describeDatabases('batches', (db) => {
  closeAfterEach();
  const tables = new Tables(db);
  const effects = async (messages: MqMessage[], context: MqContext): Promise<void> => {
    for (const message of messages) await tables.effect(context, message);
  };
  const boot = (handler: Type, more: NodeSetup = {}): Promise<Node> =>
    bootNode(db, { profile: 'rich', handlers: [handler], ...more });

  it('are handled in one transaction, without what the group had before, and settle each message', async () => {
    const calls: string[][] = [];
    const handler = batches((messages, context) => {
      calls.push(messages.map(({ id }) => id));
      expect(context).toMatchObject({ attempt: 1, brokerMessageId: expect.any(String) });
      return effects(messages, context);
    });
    const node = await boot(handler, {
      topics: { orders: { topic: 'shop_orders', settleOn: { group: 'stock', within: '1h' } } },
    });
    const handled = told(node, 'delivery.handled');
    const duplicates = told(node, 'delivery.duplicate');
    const payloads = [1, 2, 3].map((n) => ({ payload: { n } }));
    const { messages } = await node.mq.publish('orders', payloads, OWN);
    const published = messages.map(({ id }) => id);
    await eventually(() => handled.length === 3);
    expect(calls.map((ids) => ids.toSorted())).toEqual([published.toSorted()]);
    const [{ tokens }] = (await db.query('SELECT COUNT(DISTINCT token) AS tokens FROM mq_inbox')) as [
      { tokens: number },
    ];
    expect(Number(tokens)).toBe(1);
    await eventuallyPasses(async () =>
      expect((await tables.statuses()).map(({ status }) => status)).toEqual(['SENT', 'SENT', 'SENT']),
    );

    // One that was handled before, then one that is there twice.
    await send(node, { id: published[0]!, n: 1 }, three[0]!, three[1]!);
    await eventually(() => handled.length === 5 && duplicates.length === 1);
    await send(node, three[2]!, { id: 'd', n: 4 }, { id: 'd', n: 4 });
    await eventually(() => handled.length === 7 && duplicates.length === 2);
    expect(calls.slice(1)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(duplicates.map(({ messageId, reason }) => [messageId, reason])).toEqual(
      expect.arrayContaining([
        [published[0], 'sent-twice'],
        ['d', 'sent-twice'],
      ]),
    );
    expect(await tables.effects()).toEqual([...published, 'a', 'b', 'c', 'd'].toSorted());
    await eventually(() => pending(node.broker) === 0);
  });

  it('cost the statements of one message, however many they are', async () => {
    const node = await boot(batches(() => undefined));
    const statements: string[] = [];
    node.dataSource.subscribers.push({
      afterQuery: ({ query }: { query: string }) => void (query.includes('mq_inbox') && statements.push(query)),
    });
    const handled = told(node, 'delivery.handled');
    await send(node, ...three);
    await eventually(() => handled.length === 3);
    expect(statements.map((text) => /INSERT|UPDATE|SELECT/.exec(text)![0])).toEqual(['INSERT']);
  });

  it('that fail are rolled back, and only the bad message fails', async () => {
    const calls: number[] = [];
    const handler = batches(async (messages, context) => {
      calls.push(messages.length);
      await effects(messages, context);
      if (messages.some(({ payload }) => payload.n === 1)) throw new Error('n may not be 1');
    });
    const node = await boot(handler, { consume: { backoff: { base: 1, cap: 1 }, maxAttempts: 2 } });
    const unbatched = told(node, 'delivery.unbatched');
    const failed = told(node, 'delivery.failed');
    const parked = told(node, 'delivery.parked');
    await send(node, ...three);
    await eventually(() => parked.length === 1 && pending(node.broker) === 0);
    expect(unbatched).toMatchObject(
      ['a', 'b', 'c'].map((messageId) => ({
        messageId,
        batch: 3,
        reason: 'failed',
        error: { message: 'n may not be 1' },
      })),
    );
    expect(failed).toMatchObject([{ messageId: 'b', attempt: 1 }]);
    expect(parked).toMatchObject([{ messageId: 'b', attempt: 2 }]);
    expect(calls).toEqual([3, 1, 1, 1, 1]);
    expect(await tables.effects()).toEqual(['a', 'c']);
    expect((await tables.errors()).map(({ message_id, attempt }) => [message_id, attempt])).toEqual([
      ['b', 1],
      ['b', 2],
    ]);
  });

  it('whose connection is killed, or whose COMMIT would be a rollback, happen once all the same', async () => {
    const calls: number[] = [];
    const kill = db.family === 'PostgreSQL' ? 'SELECT pg_terminate_backend(pg_backend_pid())' : 'KILL CONNECTION_ID()';
    const endings = [
      (manager: MqContext['manager']) => manager.query(kill),
      ({ queryRunner }: MqContext['manager']) => queryRunner!.query('ROLLBACK'),
    ];
    const handler = batches(async (messages, context) => {
      calls.push(messages.length);
      await effects(messages, context);
      if (messages.length > 1) await endings.shift()!(context.manager).catch(() => undefined);
    });
    const node = await boot(handler);
    const handled = told(node, 'delivery.handled');
    for (const [i, ids] of [
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ].entries()) {
      await send(node, ...ids.map((id, n) => ({ id, n })));
      await eventually(() => handled.length === 3 * (i + 1));
    }
    expect(calls).toEqual([3, 1, 1, 1, 3, 1, 1, 1]);
    expect(await tables.effects()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    await tables.poolIsFree(node);
  });

  it('leave out what does not fit their schema, which is parked alone', async () => {
    const calls: unknown[] = [];
    const handler = batches(
      (messages, context) => {
        calls.push(messages.map(({ payload }) => payload));
        return effects(messages, context);
      },
      '1m',
      Clicks,
    );
    const node = await boot(handler);
    const parked = told(node, 'delivery.parked');
    await send(node, { id: 'a', n: 0 }, { id: 'b', n: 'secret' }, { id: 'c', n: 2 });
    await eventually(() => parked.length === 1 && pending(node.broker) === 0);
    expect(calls).toEqual([[{ n: 0 }, { n: 2 }]]);
    expect(parked).toMatchObject([{ messageId: 'b', error: { code: 'MQ_PAYLOAD_INVALID' } }]);
    expect(await tables.effects()).toEqual(['a', 'c']);
  });

  it('that are not full when the process stops are handled, and given back whole if they do not end in time', async () => {
    const broker = new MemoryBroker();
    const calls: number[] = [];
    const topics = { orders: { topic: 'shop_orders' } };
    let hangs = false;
    const first = await boot(batches(effects), { broker, topics, shutdown: { drain: '5s' } });
    await send(first, three[0]!, three[1]!);
    await eventually(() => pending(broker) === 2 && allLeased(broker));
    expect(await tables.effects()).toEqual([]);
    await first.app.close();
    expect(await tables.effects()).toEqual(['a', 'b']);
    expect(pending(broker)).toBe(0);

    const hanging = batches(async (messages, context) => {
      await effects(messages, context);
      hangs = true;
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    });
    const second = await boot(hanging, { broker, topics, shutdown: { drain: 1 } });
    const released = told(second, 'delivery.released');
    await send(second, ...['d', 'e', 'f'].map((id, n) => ({ id, n })));
    await eventually(() => hangs);
    await second.app.close();
    expect(released.map(({ messageId, reason }) => [messageId, reason])).toEqual([
      ['d', 'shutdown'],
      ['e', 'shutdown'],
      ['f', 'shutdown'],
    ]);
    expect(await tables.effects()).toEqual(['a', 'b']);

    const third = await boot(
      batches((messages, context) => {
        calls.push(messages.length);
        return effects(messages, context);
      }, HOUR / 60),
      { broker, topics },
    );
    const handled = told(third, 'delivery.handled');
    await eventually(() => handled.length === 3);
    // Delivered before: each comes alone, whatever it was that ended the batch.
    expect(calls).toEqual([1, 1, 1]);
    expect(await tables.effects()).toEqual(['a', 'b', 'd', 'e', 'f']);
  });
});

const allLeased = (broker: MemoryBroker): boolean =>
  broker.group('shop_orders', 'GID_stock', null).pending.every(({ state }) => state === 'leased');

describe('a handler of batches', () => {
  closeAfterEach();
  const db: TestDatabase = useTestDatabase();
  const tables = new Tables(db);

  it('waits for others as long as it is told, beside handlers of single messages, and takes one slot', async () => {
    const seen: unknown[] = [];
    class Mixed {
      @MqConsumer('orders', 'stock', { tags: 'click', batch: { size: 500, wait: '2s' } })
      clicks(@MqCtx() { manager }: MqContext, @MqMsg() messages: MqMessage[]): void {
        seen.push(
          messages.map(({ tag }) => tag),
          manager.queryRunner!.isTransactionActive,
        );
      }

      @MqConsumer('orders', 'stock')
      rest({ tag }: MqMessage): void {
        seen.push(tag);
      }
    }
    const groups = { stock: { groupId: 'GID_stock', concurrency: 1 } };
    const node = await bootNode(db, { handlers: [Mixed], groups });
    const handled = told(node, 'delivery.handled');
    expect(node.app.get(MqConsumerService).handlers()).toEqual([
      {
        topic: 'orders',
        group: 'stock',
        tags: ['click'],
        handler: 'Mixed.clicks',
        batch: { size: 500, waitMs: 2_000 },
      },
      { topic: 'orders', group: 'stock', tags: null, handler: 'Mixed.rest', batch: null },
    ]);
    const tags = ['click', 'click', 'order'];
    await node.mq.publish(
      'orders',
      tags.map((tag) => ({ tag, payload: {} })),
      OWN,
    );
    await eventually(() => handled.length === 3);
    expect(seen).toEqual(expect.arrayContaining(['order', ['click', 'click'], true]));
    expect(await tables.inbox()).toHaveLength(3);
  });

  it('is refused at boot where it cannot be', async () => {
    const refusal = async (handler: Type, more: NodeSetup = {}): Promise<string> => {
      const error = await bootNode(db, { handlers: [handler], ...more }).catch((thrown: unknown) => thrown);
      const { code, message } = error as { code: string; message: string };
      return `${code} ${message}`;
    };
    const ordered = { topics: { orders: { topic: 'shop_orders', ordered: true } } };
    expect(
      await refusal(
        batches(() => {}),
        ordered,
      ),
    ).toMatch(/^MQ_CONFIG_INVALID .*Count\.handle: batch cannot be used on the ordered topic 'orders'/s);
    expect(
      await refusal(
        batches(() => {}, '1m'),
        { consume: { timeout: '4m' } },
      ),
    ).toMatch(
      /^MQ_CONFIG_INVALID .*Count\.handle: batch\.wait of 60000 ms and the timeout of 240000 ms .* 50000 ms is the longest wait/s,
    );
    expect(await refusal(batches(() => {}, '2m'))).toMatch(/Count\.handle: batch\.wait: must be at most 60000 ms/);
    class Sizes {
      @MqConsumer('orders', 'stock', { batch: { size: 0, waits: 1 } as never })
      handle(): void {}
    }
    expect(await refusal(Sizes)).toMatch(
      /^MQ_CONFIG_INVALID .*Sizes\.handle: batch\.waits: unknown option.*Sizes\.handle: batch\.size: must be a whole number from 1 to 1000/s,
    );
    const Custom = createParamDecorator(() => 1);
    for (const decorator of [MqPayload(), MqHeader('x'), MqKey(), MqTag(), Custom()]) {
      class Single {
        handle(_first: unknown): void {}
      }
      decorator(Single.prototype, 'handle', 0);
      MqConsumer('orders', 'stock', { batch: {} })(Single);
      expect(await refusal(Single)).toMatch(
        /^MQ_HANDLER_INVALID Parameter 1 of Single\.handle has .* about one message/,
      );
    }
    @MqConsumer('orders', 'stock', { batch: {} })
    @UsePipes(new ValidationPipe())
    class Piped {
      handle(): void {}
    }
    expect(await refusal(Piped)).toMatch(/^MQ_HANDLER_INVALID .*Piped\.handle/);
  });
});
