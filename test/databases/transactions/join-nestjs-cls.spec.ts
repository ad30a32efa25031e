import { randomUUID } from 'node:crypto';
import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import {
  ClsPluginTransactional,
  InjectTransactionHost,
  Transactional,
  TransactionHost,
} from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { ClsModule } from 'nestjs-cls';
import type { DataSource, EntityManager } from 'typeorm';
import { findAmbientTransactions, TypeOrmTransactionContext } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { connectWithNotes } from './connect-with-notes.js';
import { Note } from './note.entity.js';

type Look = () => Promise<void>;

@Injectable()
class Service {
  constructor(
    @InjectTransactionHost('first') readonly first: TransactionHost<TransactionalAdapterTypeOrm>,
    @InjectTransactionHost('second') readonly second: TransactionHost<TransactionalAdapterTypeOrm>,
  ) {}

  @Transactional('first')
  async inFirst(look: Look): Promise<void> {
    await this.first.tx.insert(Note, { id: randomUUID() });
    await look();
  }

  @Transactional('second')
  async inSecond(look: Look): Promise<void> {
    await look();
  }
}

describeDatabases('joining @Transactional() of nestjs-cls', (db) => {
  let app: INestApplicationContext;
  let service: Service;
  let first: DataSource;
  let context: TypeOrmTransactionContext;

  beforeAll(async () => {
    const sources = { first: await connectWithNotes(db), second: await connectWithNotes(db) };
    const plugin = (name: 'first' | 'second'): ClsPluginTransactional =>
      new ClsPluginTransactional({
        connectionName: name,
        imports: [TypeOrmModule],
        adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken(name) }),
      });
    const forRoot = (name: 'first' | 'second') =>
      TypeOrmModule.forRootAsync({
        name,
        useFactory: () => ({ ...sources[name].options, name }),
        dataSourceFactory: async () => sources[name],
      });
    @Module({
      imports: [
        forRoot('first'),
        forRoot('second'),
        ClsModule.forRoot({ plugins: [plugin('first'), plugin('second')] }),
      ],
      providers: [Service],
    })
    class AppModule {}
    first = sources.first;
    // Before the hosts exist, as a module of the same application would.
    const hosts = () => [service.first, service.second];
    context = new TypeOrmTransactionContext(first, await findAmbientTransactions(first, hosts));
    app = await Test.createTestingModule({ imports: [AppModule] }).compile();
    service = app.get(Service);
  });
  afterAll(() => app.close());

  it('joins the transaction of this data source, under whatever name the host goes', async () => {
    await service.inFirst(async () => {
      expect(context.find(undefined)?.tx).toBe(service.first.tx);
    });
  });

  it('learns of its end', async () => {
    const ends: string[] = [];
    await service.inFirst(async () => context.find(undefined)!.onEnd((outcome) => void ends.push(outcome)));
    const failing = service.inFirst(async () => {
      context.find(undefined)!.onEnd((outcome) => void ends.push(outcome));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(ends).toEqual(['proven', 'rolled-back']);
  });

  it('does not mistake the transaction of another data source for it', async () => {
    await service.inSecond(async () => expect(context.find(undefined)).toBeNull());
    await service.inFirst(() =>
      service.inSecond(async () => expect(context.find(undefined)?.tx).toBe(service.first.tx)),
    );
  });

  it('finds nothing outside of a transaction', async () => {
    expect(context.find(undefined)).toBeNull();
    await service.inFirst(() =>
      service.first.withoutTransaction(async () => expect(context.find(undefined)).toBeNull()),
    );
  });

  it('lets a given manager win', async () => {
    await service.inFirst(() =>
      first.transaction(async (manager: EntityManager) => {
        expect(context.find(manager)?.tx).toBe(manager);
        expect(context.find(undefined)?.tx).not.toBe(manager);
      }),
    );
  });
});
