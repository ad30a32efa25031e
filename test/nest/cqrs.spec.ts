import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { AggregateRoot, CqrsModule, EventBus, EventPublisher, EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClsPluginTransactional, Transactional } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { defineTopic, MqConsumer, type MqContext, type MqMessage } from 'nestjs-reliable-mq';
import { inTransaction, MqCqrsModule, Outbox } from 'nestjs-reliable-mq/cqrs';
import { ClsModule } from 'nestjs-cls';
import type { EntityManager } from 'typeorm';
import * as z from 'zod';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { bootNode, type Node } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';

const Orders = defineTopic('orders', { created: z.strictObject({ id: z.string(), quantity: z.number().positive() }) });

@Outbox(Orders, 'created', { key: (event: OrderCreated) => event.id, headers: () => ({ source: 'shop' }) })
class OrderCreated {
  constructor(
    readonly id: string,
    readonly quantity: number,
  ) {}

  get total(): number {
    return this.quantity * 2;
  }
}
@Outbox('mails')
@Outbox('audits', undefined, { payload: (event: Shipped) => event.id })
class Shipped {
  constructor(readonly id: string) {}
  toJSON(): object {
    return { shipped: this.id };
  }
}
class Unmarked {}
@Outbox('orders', 'created', { connection: 'billing' })
class Elsewhere {}

const handledHere: unknown[] = [];
@EventsHandler(OrderCreated, Unmarked)
class Here implements IEventHandler {
  handle(event: object): void {
    handledHere.push(event);
  }
}
class Order extends AggregateRoot {
  place(id: string): void {
    this.apply(new OrderCreated(id, 1));
  }
}
@Injectable()
class Service {
  constructor(private readonly events: EventBus) {}

  @Transactional()
  async place(id: string, quantity: number): Promise<void> {
    await Promise.resolve();
    this.events.publish(new OrderCreated(id, quantity));
  }
}
@MqConsumer('mails', 'mail')
class Ships {
  constructor(private readonly events: EventBus) {}
  handle({ payload }: MqMessage<{ shipped: string }>, { attempt }: MqContext): void {
    this.events.publish(new OrderCreated(payload.shipped, 1));
    if (attempt === 1) throw new Error('not yet');
  }
}

const cls = ClsModule.forRoot({
  plugins: [
    new ClsPluginTransactional({
      imports: [TypeOrmModule],
      adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() }),
    }),
  ],
});

describeDatabases(
  'events under @Outbox',
  (db) => {
    const tables = new Tables(db);
    let node: Node;
    let events: EventBus;
    let from = 0;
    /** Writes a row, and does this in the same transaction. */
    const within = (work: (manager: EntityManager) => unknown): Promise<unknown> =>
      node.dataSource.transaction(async (manager) => {
        await tables.effect({ manager }, { id: 'row' });
        return work(manager);
      });
    const sent = (topic: string): { key: unknown; body: unknown }[] =>
      node.broker.sent
        .slice(from)
        .filter((message) => message.topic === topic)
        .map(({ key, body }) => ({ key, body: JSON.parse(body as string) as unknown }));

    beforeAll(async () => {
      node = await bootNode(db, {
        imports: [CqrsModule.forRoot(), MqCqrsModule, cls],
        handlers: [Here, Service, Ships],
        topics: { orders: { topic: 'shop_orders' }, mails: { topic: 'shop_mails' }, audits: { topic: 'shop_audits' } },
        groups: { mail: { groupId: 'GID_mail' } },
      });
      events = node.app.get(EventBus);
    });
    beforeEach(() => {
      handledHere.length = 0;
      from = node.broker.sent.length;
    });
    afterAll(() => node.app.close());

    it('are staged in the transaction in which they are published, awaited or not, and handled here as before', async () => {
      await within((manager) => void events.publish(new OrderCreated('a', 1), inTransaction(manager)));
      await within(async (manager) => {
        await events.publish(new OrderCreated('b', 2), inTransaction(manager));
        events.publish(new Unmarked());
      });
      await node.app.get(Service).place('c', 3);
      await expect(
        within((manager) => {
          events.publish(new OrderCreated('rolled back', 1), inTransaction(manager));
          throw new Error('declined');
        }),
      ).rejects.toThrow('declined');
      await eventually(() => sent('shop_orders').length === 3);
      expect(sent('shop_orders').toSorted((x, y) => String(x.key).localeCompare(String(y.key)))).toEqual([
        { key: 'a', body: { id: 'a', quantity: 1 } },
        { key: 'b', body: { id: 'b', quantity: 2 } },
        { key: 'c', body: { id: 'c', quantity: 3 } },
      ]);
      expect(handledHere.map((event) => event!.constructor.name).toSorted()).toEqual([
        ...Array<string>(4).fill('OrderCreated'),
        'Unmarked',
      ]);
    });

    it('keep the transaction from being committed without them', async () => {
      const invalid = { code: 'MQ_PAYLOAD_INVALID', message: expect.stringContaining('quantity') };
      // Nobody awaits it; the commit fails.
      await expect(
        within((manager) => void events.publish(new OrderCreated('x', -1), inTransaction(manager))),
      ).rejects.toMatchObject(invalid);
      await expect(node.app.get(Service).place('x', -1)).rejects.toMatchObject(invalid);
      // Nor is a caught error forgotten, also not by the end of a savepoint.
      const caught: unknown[] = [];
      await expect(
        within(async (manager) => {
          await (events.publish(new OrderCreated('x', -1), inTransaction(manager)) as Promise<unknown>).catch((error) =>
            caught.push(error),
          );
          await manager.transaction(() => Promise.resolve()).catch((error) => caught.push(error));
        }),
      ).rejects.toMatchObject(invalid);
      expect(caught).toMatchObject([invalid, invalid]);
      expect(await tables.effects()).toEqual([]);
      // The connection is used again, and remembers nothing.
      await within((manager) => void events.publish(new OrderCreated('y', 1), inTransaction(manager)));
      await eventually(() => sent('shop_orders').length === 1);
      expect(await tables.effects()).toEqual(['row']);
    });

    it('are refused at once where there is no transaction', async () => {
      expect(() => events.publish(new OrderCreated('x', 1)) as unknown).toThrow(
        expect.objectContaining({ code: 'MQ_TRANSACTION_REQUIRED', message: expect.stringContaining('OrderCreated') }),
      );
      const order = node.app.get(EventPublisher).mergeObjectContext(new Order());
      order.place('x');
      expect(() => order.commit()).toThrow(expect.objectContaining({ code: 'MQ_TRANSACTION_REQUIRED' }));
      expect(order.getUncommittedEvents()).toHaveLength(1);
      const unknown = within((manager) => events.publish(new Elsewhere(), inTransaction(manager)) as unknown);
      await expect(unknown).rejects.toMatchObject({ code: 'MQ_UNKNOWN_CONNECTION' });
      expect(handledHere).toEqual([]);
    });

    it('are not published by an application in which nothing would stage them: it does not start', async () => {
      const booting = bootNode(db, { imports: [CqrsModule.forRoot()], role: 'api' });
      await expect(booting).rejects.toMatchObject({
        code: 'MQ_CONFIG_INVALID',
        message: expect.stringMatching(
          /@Outbox\(\) stands above OrderCreated, Shipped, Elsewhere, .* no MqCqrsModule/,
        ) as string,
      });
      // Without an EventBus nobody publishes any.
      const other = await bootNode(db, { role: 'api' });
      await other.app.close();
    });

    it('go to all their topics, and are published by handlers of messages in the transaction of the delivery', async () => {
      await within((manager) => void events.publishAll([new Shipped('s')], inTransaction(manager)));
      await eventually(() => sent('shop_orders').length === 1);
      expect(sent('shop_audits')).toMatchObject([{ body: 's' }]);
      expect(sent('shop_mails')).toMatchObject([{ body: { shipped: 's' } }]);
      // The first attempt has published it as well, and was rolled back.
      expect(sent('shop_orders')).toEqual([{ key: 's', body: { id: 's', quantity: 1 } }]);
    });
  },
  ['PostgreSQL', 'MariaDB'],
);
