import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { MqConsumer, MqModule } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { ClsModule } from 'nestjs-cls';
import { DataSource } from 'typeorm';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { bootNode, publishOne } from '../support/node/node.js';
import { Tables } from '../support/node/tables.js';
import { closeAfterEach, closeApps } from '../support/mq-app.js';

type Cls = typeof import('@nestjs-cls/transactional');
type Patching = typeof import('typeorm-transactional');

/** Another copy of a package, as a second one in the tree, or the one inside of a bundle. */
function secondCopy<T extends object>(name: string): T {
  let copy!: T;
  jest.isolateModules(() => (copy = jest.requireActual<T>(name)));
  return copy;
}

const plugin = ({ ClsPluginTransactional }: Cls, connectionName?: string) =>
  new ClsPluginTransactional({
    ...(connectionName && { connectionName }),
    imports: [TypeOrmModule],
    adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() }),
  });

@MqConsumer('orders', 'stock')
class Nothing {
  handle(): void {}
}

describeDatabases('libraries that begin transactions', (db) => {
  closeAfterEach();
  const tables = new Tables(db);

  it('are joined by deliveries, also those of a second copy of @nestjs-cls/transactional', async () => {
    const copy = secondCopy<Cls>('@nestjs-cls/transactional');
    expect(copy.TransactionHost).not.toBe(jest.requireActual<Cls>('@nestjs-cls/transactional').TransactionHost);
    let attempts = 0;

    @Injectable()
    class Service {
      @copy.Transactional()
      async write(id: string): Promise<void> {
        const { tx } = copy.TransactionHost.getInstance() as { tx: { query(sql: string): Promise<unknown> } };
        await tx.query(`INSERT INTO effects (message_id, note) VALUES ('${id}', 'service')`);
      }
    }
    @MqConsumer('orders', 'stock')
    class FailsTwice {
      private readonly service = new Service();
      async handle({ id }: { id: string }): Promise<void> {
        await this.service.write(id);
        if (++attempts < 3) throw new Error('not yet');
      }
    }
    const node = await bootNode(db, {
      handlers: [FailsTwice],
      imports: [ClsModule.forRoot({ plugins: [plugin(copy)] })],
    });
    const id = await publishOne(node);
    await eventually(async () => (await tables.inbox()).length === 1);
    expect(attempts).toBe(3);
    expect(await tables.effects()).toEqual([id]);
  });

  it('are refused where two of them have one data source', async () => {
    const [one, other] = [secondCopy<Cls>('@nestjs-cls/transactional'), secondCopy<Cls>('@nestjs-cls/transactional')];
    const booting = bootNode(db, {
      handlers: [Nothing],
      imports: [ClsModule.forRoot({ plugins: [plugin(one), plugin(other, 'other')] })],
    });
    await expect(booting).rejects.toMatchObject({
      code: 'MQ_CONFIG_INVALID',
      message: expect.stringContaining('2 hosts of @nestjs-cls/transactional'),
    });
  });

  it('are refused where the data source was given to a copy of typeorm-transactional that cannot be reached', async () => {
    const copy = secondCopy<Patching>('typeorm-transactional');
    copy.initializeTransactionalContext({ storageDriver: copy.StorageDriver.ASYNC_LOCAL_STORAGE });
    @Module({
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ ...db.options, autoLoadEntities: true, retryAttempts: 0 }),
          dataSourceFactory: async (options) =>
            copy.addTransactionalDataSource({ name: 'shop', dataSource: new DataSource(options!) }),
        }),
        MqModule.forRoot({
          transport: memoryTransport(),
          migrate: true,
          topics: { orders: { topic: 'shop_orders' } },
          groups: { stock: { groupId: 'GID_stock' } },
        }),
      ],
      providers: [Nothing],
    })
    class App {}
    const app = await Test.createTestingModule({ imports: [App] }).compile();
    await closeApps.add(Promise.resolve(app));
    const booting = app.init();
    await expect(booting).rejects.toMatchObject({
      code: 'MQ_CONFIG_INVALID',
      message: expect.stringContaining('another copy of typeorm-transactional'),
    });
  });
});
