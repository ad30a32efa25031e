import 'reflect-metadata';
import { Controller, Get } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  MqConsumer,
  type MqLogger,
  MqModule,
  MqProducerService,
  MqStatusLog,
  type Publication,
} from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { DataSource } from 'typeorm';
import { bootMq, mqDatabase, typeOrm } from '../support/mq-app.js';

const db = mqDatabase();
const own = { transaction: 'own' } as const;

class Stock {
  @MqConsumer('orders', 'stock', { tags: 'created' })
  created(): void {}
}

class Mail {
  @MqConsumer('orders', 'mail')
  all(): void {}

  @MqConsumer('orders', 'mail', { tags: 'paid' })
  paid(): void {}
}

@Controller('orders')
class OrdersController {
  constructor(private readonly mq: MqProducerService) {}

  @Get()
  place(): Promise<Publication> {
    return this.mq.publish('orders', { payload: 1, key: 'from-controller' }, own);
  }
}

async function boot() {
  const lines: string[] = [];
  const note = (line: unknown): void => void lines.push(String(line));
  const logger: MqLogger = { log: note, warn: note, error: note };
  const app = await bootMq(
    db,
    {
      transport: memoryTransport(),
      topics: { orders: { topic: 'shop_orders' }, ledger: { topic: 'shop_ledger', ordered: true } },
      groups: {
        stock: { groupId: 'GID_stock', tags: ['created', 'cancelled', 'returned'] },
        mail: { groupId: 'GID_mail', tags: ['created', 'paid', 'shipped'] },
      },
      tagSuffix: '',
      log: { logger },
    },
    { providers: [Stock, Mail], controllers: [OrdersController] },
  );
  return { app, lines, mq: app.get(MqProducerService), dataSource: app.get(DataSource) };
}

it('what is wrong with a message is said where it is published, all of it at once, and nothing is written', async () => {
  const { mq, dataSource, lines } = await boot();
  const refusals: [Promise<unknown>, RegExp][] = [
    [
      mq.publish('orders', { payload: 1, tags: ['created'], delayTime: '5m', orderingKey: 7 } as never, own),
      /3 problems:\n {2}- tags is no field of a message, did you mean tag\?.*\n {2}- delayTime .*did you mean delay\?.*\n {2}- orderingKey needs an ordered topic/,
    ],
    [mq.publish('orders', {} as never, own), /the payload cannot be encoded: it is undefined, or missing; write payload: null/],
    [mq.publish('orders', { payload: { by: new Map([['a', 1]]) } }, own), /payload\.by is a Map.*Object\.fromEntries/],
    [mq.publish('orders', [{ payload: 1 }, { payload: 1, tag: '' }], own), /publish\('orders'\), message 2 of 2: tag must be/],
    [mq.sendDirect('orders', { payload: 1, header: {} } as never), /sendDirect\('orders'\): header .*did you mean headers\?/],
    [mq.publish('orders', 'text' as never, own), /a message is an object, like \{ payload: … \}/],
    [mq.publish('orders', { payload: 1 }, dataSource.manager as never), /has no option .*A manager is passed as \{ manager \}/],
  ]; // prettier-ignore
  for (const [refused, text] of refusals) await expect(refused).rejects.toThrow(text);
  expect(await dataSource.getRepository(MqStatusLog).count()).toBe(0);
  // Allowed, and most often forgotten.
  for (const payload of [1, 2]) await mq.publish('ledger', { payload }, own);
  expect(lines.filter((line) => line.includes("topic 'ledger' is ordered"))).toHaveLength(1);
});

it('a controller may return a publication', async () => {
  const { app } = await boot();
  const nest = app.createNestApplication();
  await nest.init();
  await nest.listen(0);
  const answer = await fetch(`${await nest.getUrl()}/orders`);
  expect(await answer.json()).toEqual({
    messages: [{ id: expect.any(String), key: 'from-controller', topic: 'orders' }],
  });
  await nest.close();
});

it('boot says which tags a handler gets from its group, and which nobody takes', async () => {
  const { lines } = await boot();
  expect(lines).toEqual(
    expect.arrayContaining([
      expect.stringContaining('Stock.created <- orders [created] (group stock'),
      expect.stringContaining('Mail.all <- orders [created, shipped] (group mail'),
      expect.stringContaining('Mail.paid <- orders [paid] (group mail'),
      expect.stringContaining("no handler takes 'cancelled', 'returned' of topic 'orders' in group 'stock'"),
    ]),
  );
  expect(lines.filter((line) => line.includes('no handler takes'))).toHaveLength(1);
});

it('boot names the data source that is not there, and those that are', async () => {
  const mq = (dataSource?: string) =>
    MqModule.forRoot({ transport: memoryTransport(), ...(dataSource && { dataSource }) });
  const booting = (imports: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>) =>
    Test.createTestingModule({ imports })
      .setLogger({ log: () => {}, warn: () => {}, error: () => {} })
      .compile();
  await expect(booting([mq()])).rejects.toThrow(
    'the application has no TypeORM data source, in which messages are kept. Import TypeOrmModule.forRoot()',
  );
  await expect(booting([typeOrm(db, { name: 'billing' }), mq('biling')])).rejects.toThrow(
    "no TypeORM data source with the name 'biling', in which messages are kept. It has 'billing': write dataSource: 'billing'",
  );
});
