import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClsPluginTransactional, Propagation, Transactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { ClsModule } from 'nestjs-cls';
import { describeDatabases } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { gate } from '../../support/node/consumer.js';
import { DeliveryBench } from './deliver.js';
import { Note } from './note.entity.js';

@Injectable()
class Service {
  constructor(private readonly host: TransactionHost<TransactionalAdapterTypeOrm>) {}

  @Transactional()
  async decorated(id: string): Promise<void> {
    await this.host.tx.insert(Note, { id });
  }

  async plain(id: string): Promise<void> {
    await this.host.tx.insert(Note, { id });
  }

  @Transactional(Propagation.RequiresNew)
  async apart(id: string): Promise<void> {
    await this.host.tx.insert(Note, { id });
  }
}

describeDatabases('a handler that calls @Transactional() services of nestjs-cls', (db) => {
  let app: INestApplicationContext;
  let bench: DeliveryBench;
  let service: Service;

  beforeAll(async () => {
    bench = await DeliveryBench.open(db, {}, () => [app.get(TransactionHost)]);
    const adapter = new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() });
    @Module({
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => bench.dataSource.options,
          dataSourceFactory: async () => bench.dataSource,
        }),
        ClsModule.forRoot({ plugins: [new ClsPluginTransactional({ imports: [TypeOrmModule], adapter })] }),
      ],
      providers: [Service],
    })
    class AppModule {}
    app = await Test.createTestingModule({ imports: [AppModule] }).compile();
    service = app.get(Service);
  });
  afterAll(() => app.close());

  it('has them in the transaction of the delivery', async () => {
    const { context } = bench;
    await bench.deliver(async (manager) => {
      await service.decorated('kept decorated');
      await service.plain('kept plain');
      expect(await manager.countBy(Note, [{ id: 'kept decorated' }, { id: 'kept plain' }])).toBe(2);
      expect(context.find(undefined)?.tx).toBe(manager);
    });
    expect(await bench.notes()).toEqual(expect.arrayContaining(['kept decorated', 'kept plain']));
  });

  it('takes their effects back when it throws, except what asked for a transaction of its own', async () => {
    const failing = bench.deliver(async () => {
      await service.decorated('lost decorated');
      await service.plain('lost plain');
      await service.apart('kept apart');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const notes = await bench.notes();
    expect(notes.filter((id) => id.startsWith('lost'))).toEqual([]);
    expect(notes).toContain('kept apart');
  });

  it('keeps them out of the database after it was cut off', async () => {
    const { open, pass } = gate();
    let late!: Promise<PromiseSettledResult<void>[]>;
    const severed = bench.deliver(
      async () => {
        await pass;
        late = Promise.allSettled([service.decorated('late decorated'), service.plain('late plain')]);
      },
      { timeoutMs: 20 },
    );
    await expect(severed).rejects.toThrow('handler timeout');
    open();
    await eventually(() => late !== undefined);
    expect((await late).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await bench.notes()).filter((id) => id.startsWith('late'))).toEqual([]);
  });
});
