import 'reflect-metadata';
import { Controller, type INestApplication, Module } from '@nestjs/common';
import { CqrsModule, EventBus } from '@nestjs/cqrs';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { MqModule, RetryLater } from 'nestjs-reliable-mq';
import { inTransaction, MqCqrsModule, Outbox } from 'nestjs-reliable-mq/cqrs';
import { MqEventContext, MqServer } from 'nestjs-reliable-mq/microservices';
import { memoryTransport, MqTesting, MqTestingModule } from 'nestjs-reliable-mq/testing';
import { DataSource } from 'typeorm';
import { useTestDatabase } from '../support/database.js';
import { typeOrm } from '../support/mq-app.js';

@Outbox('orders', 'placed', { key: (event: Placed) => event.id })
class Placed {
  constructor(readonly id: string) {}
}
@Outbox('invoices', undefined, { connection: 'billing', key: (event: Billed) => event.id })
class Billed {
  constructor(readonly id: string) {}
}

let seen: string[] = [];

@Controller()
class OrdersController {
  @EventPattern<string>('orders', { group: 'stock' })
  placed(@Payload('id') id: string, @Ctx() { attempt, message }: MqEventContext): void {
    seen.push(`${message.topic} ${id} ${attempt}`);
    if (id === 'later' && attempt === 1) throw new RetryLater('20m');
  }
}
@Controller()
class InvoicesController {
  @EventPattern<string>('invoices', { group: 'ledger', connection: 'billing' })
  billed(@Payload('id') id: string, @Ctx() { manager, message }: MqEventContext): void {
    seen.push(`${message.topic} ${id} ${manager.queryRunner?.isTransactionActive}`);
  }
}

const orders = {
  topics: { orders: { topic: 'shop_orders' } },
  groups: { stock: { groupId: 'GID_stock', backoff: () => 1 } },
};
const invoices = {
  topics: { invoices: { topic: 'shop_invoices' } },
  groups: { ledger: { groupId: 'GID_ledger', backoff: () => 1 } },
};

let app: INestApplication;

/** @param modules in which the bridges find their connections, of which the kits are made before anything happens */
async function boot(modules: object[], controllers: object[], connections = ['default']): Promise<MqTesting[]> {
  @Module({
    imports: [CqrsModule.forRoot(), ...(modules as never[]), MqCqrsModule],
    controllers: controllers as never[],
  })
  class App {}
  app = (await Test.createTestingModule({ imports: [App] }).compile()).createNestApplication();
  app.useLogger(false);
  app.connectMicroservice({ strategy: new MqServer(app) });
  const kits = connections.map((name) => MqTesting.of(app, name));
  await app.startAllMicroservices();
  await app.init();
  return kits;
}
beforeEach(() => void (seen = []));
afterEach(() => app.close());

describe('bridges without a database', () => {
  it('work in MqTestingModule: an event becomes a message of the transaction, its handler says when it comes again', async () => {
    const [mq] = (await boot([MqTestingModule.forRoot(orders)], [OrdersController])) as [MqTesting];
    const events = app.get(EventBus);
    await mq.transaction(async (manager) => {
      await events.publish(new Placed('later'), inTransaction(manager));
      expect(mq.published('orders')).toEqual([]);
    });
    await mq.waitFor('delivery.failed', { key: 'later' });
    await mq.advance('19m');
    expect(seen).toEqual(['orders later 1']);
    await mq.advance('1m');
    expect(seen).toEqual(['orders later 1', 'orders later 2']);
    expect(mq.published('orders')).toMatchObject([{ tag: 'placed', key: 'later', payload: { id: 'later' } }]);
    const rolledBack = mq.transaction(async (manager) => {
      await events.publish(new Placed('never'), inTransaction(manager));
      throw new Error('changed my mind');
    });
    await expect(rolledBack).rejects.toThrow('changed my mind');
    await mq.settled();
    expect(seen).toHaveLength(2);
  });

  it('publish without a transaction where the module does not want one', async () => {
    const options = { ...orders, publish: { requireTransaction: false } };
    const [mq] = (await boot([MqTestingModule.forRoot(options)], [OrdersController])) as [MqTesting];
    await app.get(EventBus).publish(new Placed('alone'));
    await mq.settled();
    expect(seen).toEqual(['orders alone 1']);
  });
});

describe('bridges on a database', () => {
  const db = useTestDatabase();

  it('know connections by their names, and each its own', async () => {
    const more = { transport: memoryTransport(), migrate: true } as const;
    const first = MqModule.forRoot({ ...orders, ...more, publish: { requireTransaction: false } });
    const billing = { ...invoices, name: 'billing', transport: memoryTransport(), migrate: true } as const;
    const kits = await boot(
      [typeOrm(db), first, MqModule.forRoot(billing)],
      [OrdersController, InvoicesController],
      ['default', 'billing'],
    );
    const events = app.get(EventBus);
    await app.get(DataSource).transaction(async (manager) => {
      events.publish(new Placed('a'), inTransaction(manager));
      events.publish(new Billed('b'), inTransaction(manager));
    });
    for (const kit of kits) await kit.settled();
    expect(seen.sort()).toEqual(['invoices b true', 'orders a 1']);
    // What the one connection does not want, the other may.
    await expect(async () => events.publish(new Billed('c'))).rejects.toMatchObject({
      code: 'MQ_TRANSACTION_REQUIRED',
    });
    await events.publish(new Placed('d'));
    for (const kit of kits) await kit.settled();
    expect(seen).toContain('orders d 1');
    expect(kits.map((kit, i) => kit.published(i === 0 ? 'orders' : 'invoices').map(({ key }) => key))).toEqual([
      ['a', 'd'],
      ['b'],
    ]);
  });
});
