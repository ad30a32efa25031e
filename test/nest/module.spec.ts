import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import {
  getMqProducerToken,
  getMqTransportToken,
  InjectMqAdmin,
  InjectMqConsumer,
  InjectMqEvents,
  InjectMqProducer,
  InjectReproduceService,
  MqAdminService,
  MqConsumer,
  MqConsumerService,
  MqError,
  MqEvents,
  MqMessage,
  MqModule,
  type MqModuleOptions,
  type MqOptionsFactory,
  MqProducerService,
  MqStatusLog,
  ReproduceService,
} from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { DataSource } from 'typeorm';
import { eventually } from '../support/eventually.js';
import { bootMq, closeApps, mqDatabase, typeOrm } from '../support/mq-app.js';

const db = mqDatabase();
const options = () => ({ transport: memoryTransport(), topics: { orders: { topic: 'shop_orders' } }, migrate: true });
const own = { transaction: 'own' } as const;

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  return error instanceof MqError ? error.code : String(error);
};

describe('MqModule', () => {
  it.each<[string, () => ReturnType<typeof MqModule.forRootAsync>]>([
    ['useFactory', () => MqModule.forRootAsync({ inject: [], useFactory: async () => options() })],
    ['useClass', () => MqModule.forRootAsync({ useClass: Factory })],
    ['useExisting', () => MqModule.forRootAsync({ imports: [FactoryModule], useExisting: Factory })],
  ])('takes options from %s', async (_style, module) => {
    const app = await closeApps.add(Test.createTestingModule({ imports: [typeOrm(db), module()] }).compile());
    await app.init();
    const publication = await app.get(MqProducerService).publish('orders', { payload: 1 }, own);
    expect(await publication.sent()).toMatchObject([{ status: 'sent' }]);
  });

  it('does not compile with a name inside the factory result', () => {
    // @ts-expect-error what decides about tokens stands beside useFactory
    MqModule.forRootAsync({ useFactory: () => ({ ...options(), name: 'billing' }) });
    expect(typeof MqModule.forRootAsync).toBe('function');
  });

  it('keeps two named connections apart, also on one database', async () => {
    const seen: string[] = [];
    @MqConsumer('orders', 'a', { connection: 'first' })
    class A {
      handle({ payload }: MqMessage): void {
        seen.push(`first:${String(payload)}`);
      }
    }
    @MqConsumer('orders', 'a', { connection: 'second' })
    class B {
      handle({ payload }: MqMessage): void {
        seen.push(`second:${String(payload)}`);
      }
    }
    @Injectable()
    class Service {
      constructor(@InjectMqProducer('second') readonly second: MqProducerService) {}
    }
    const groups = { a: { groupId: 'GID_a' } };
    const app = await closeApps.add(
      Test.createTestingModule({
        imports: [
          typeOrm(db),
          MqModule.forRoot({ name: 'first', ...options(), groups }),
          MqModule.forRoot({ name: 'second', ...options(), groups }),
        ],
        providers: [A, B, Service],
      }).compile(),
    );
    await app.init();
    await (app.get(getMqProducerToken('first')) as MqProducerService).publish('orders', { payload: 1 }, own);
    await app.get(Service).second.publish('orders', { payload: 2 }, own);
    await eventually(() => seen.length === 2);
    expect(seen.toSorted()).toEqual(['first:1', 'second:2']);
  });

  it('refuses two connections of one name, or on one set of tables', async () => {
    const boot = (first: Partial<MqModuleOptions>, second: Partial<MqModuleOptions>): Promise<unknown> =>
      Test.createTestingModule({
        imports: [
          typeOrm(db),
          MqModule.forRoot({ ...options(), ...first }),
          MqModule.forRoot({ ...options(), ...second }),
        ],
      })
        .compile()
        .then((app) => closeApps.add(Promise.resolve(app)))
        .then((app) => app.init());
    expect(await codeOf(boot({}, {}))).toBe('MQ_DUPLICATE_CONNECTION');
    const tables = { prefix: 'shared_' };
    expect(await codeOf(boot({ name: 'a', tables }, { name: 'b', tables }))).toBe('MQ_DUPLICATE_CONNECTION');
  });

  it('says at boot what is wrong with the configuration, all of it', async () => {
    const error = await bootMq(db, { ...options(), topics: { orders: { topic: '' } }, typo: true } as never, {}).catch(
      (thrown: unknown) => thrown as MqError,
    );
    expect(error).toMatchObject({ code: 'MQ_CONFIG_INVALID' });
    expect((error as MqError).message).toMatch(/topics\.orders\.topic[\s\S]*typo|typo[\s\S]*topics\.orders\.topic/);
  });

  it('refuses an option of the tables that it does not know, instead of taking the default', () => {
    expect(() => MqModule.forRoot({ ...options(), tables: { prefx: 'a_' } as never })).toThrow(
      'tables.prefx: unknown option; known here: prefix, schema',
    );
  });

  it('says at boot that the tables are missing, and what to do', async () => {
    const tables = { prefix: 'never_made_' };
    const error = await bootMq(db, { ...options(), migrate: false, tables } as never, {}).catch(
      (thrown: unknown) => thrown as MqError,
    );
    expect(error).toMatchObject({ code: 'MQ_SCHEMA_OUTDATED' });
    expect((error as MqError).message).toContain('migrate: true');
  });

  it('says at boot that the data source does not know the entities', async () => {
    const dataSource = new DataSource({ ...db.options, entities: [] });
    const boot = Test.createTestingModule({
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ ...db.options, entities: [] }),
          dataSourceFactory: async () => dataSource.initialize(),
        }),
        MqModule.forRoot(options()),
      ],
    }).compile();
    expect(await codeOf(boot)).toBe('MQ_ENTITIES_MISSING');
    await dataSource.destroy();
  });

  it.each<[Partial<MqModuleOptions>, string]>([
    [{}, 'entities: [...getMqEntities()]'],
    [{ name: 'billing' }, "entities: [...getMqEntities('billing')]"],
    [{ name: 'billing', tables: { prefix: 'b_' } }, "entities: [...getMqEntities('billing', { prefix: 'b_' })]"],
  ])('prints the line with the entities of %p', async (connection, line) => {
    const dataSource = new DataSource({ ...db.options, entities: [] });
    const boot = Test.createTestingModule({
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ ...db.options, entities: [] }),
          dataSourceFactory: async () => dataSource.initialize(),
        }),
        MqModule.forRoot({ ...options(), ...connection }),
      ],
    }).compile();
    await expect(boot).rejects.toThrow(line);
    await dataSource.destroy();
  });

  it('injects each service of a named connection by its decorator', async () => {
    @Injectable()
    class Services {
      constructor(
        @InjectMqProducer('billing') readonly producer: MqProducerService,
        @InjectMqConsumer('billing') readonly consumer: MqConsumerService,
        @InjectMqAdmin('billing') readonly admin: MqAdminService,
        @InjectReproduceService('billing') readonly reproduce: ReproduceService,
        @InjectMqEvents('billing') readonly events: MqEvents,
      ) {}
    }
    const app = await closeApps.add(
      Test.createTestingModule({
        imports: [typeOrm(db), MqModule.forRoot({ name: 'billing', tables: { prefix: 'billing_' }, ...options() })],
        providers: [Services],
      }).compile(),
    );
    await app.init();
    const { producer, consumer, admin, reproduce, events } = app.get(Services);
    const published: string[] = [];
    events.on('message.published', ({ topic }) => published.push(topic));
    await (await producer.publish('orders', { payload: 1 }, own)).sent();
    expect(published).toEqual(['orders']);
    expect(consumer.handlers()).toEqual([]);
    expect((await admin.counts()).byStatus.SENT).toBe(1);
    expect(await reproduce.runOnce()).toMatchObject({ claimed: 0 });
  });

  it('lets a test override the transport and the producer', async () => {
    const other = memoryTransport();
    const module = Test.createTestingModule({ imports: [typeOrm(db), MqModule.forRoot(options())] });
    const app = await closeApps.add(module.overrideProvider(getMqTransportToken()).useValue(other).compile());
    await app.init();
    const publication = await app.get(MqProducerService).publish('orders', { payload: 1 }, own);
    await publication.sent();
    expect(other.broker.sent).toHaveLength(1);

    const mock: MqProducerService = { publish: jest.fn(), publishAll: jest.fn(), sendDirect: jest.fn() };
    const mocked = await closeApps.add(
      Test.createTestingModule({ imports: [typeOrm(db), MqModule.forRoot(options())] })
        .overrideProvider(MqProducerService)
        .useValue(mock)
        .compile(),
    );
    expect(mocked.get(MqProducerService)).toBe(mock);
  });

  it('offers its tables as entities', async () => {
    const app = await bootMq(db, options(), {});
    const publication = await app.get(MqProducerService).publish('orders', { payload: { a: 1 }, key: 'k1' }, own);
    await publication.sent();
    const dataSource = app.get<DataSource>(getDataSourceToken());
    const row = await dataSource.getRepository(MqStatusLog).findOneByOrFail({ id: publication.messages[0]!.id });
    expect(row).toMatchObject({ status: 'SENT', topicAlias: 'orders', key: 'k1', payload: '{"a":1}' });
  });
});

@Injectable()
class Factory implements MqOptionsFactory {
  createMqOptions(connection: string) {
    expect(connection).toBe('default');
    return options();
  }
}

@Module({ providers: [Factory], exports: [Factory] })
class FactoryModule {}
