import type { DynamicModule, Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  getMqProducerToken,
  getMqTransportToken,
  MqConsumer,
  MqError,
  type MqHandler,
  MqModule,
  type MqModuleOptions,
  type MqProducerService,
  type Publication,
} from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { memoryTransport, type MemoryTransport } from 'nestjs-reliable-mq/testing';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeAfterEach, closeApps } from '../support/mq-app.js';

/** Another topic and group for each test: what the others left in this database belongs to other applications. */
interface Service {
  readonly topic: string;
  /** Without one it publishes only. */
  readonly group?: string;
}

describeDatabases('a connection that gets another name', (db) => {
  closeAfterEach();

  const optionsOf = ({ topic, group }: Service): Omit<MqModuleOptions, 'name'> => ({
    transport: memoryTransport({ profile: 'http' }),
    topics: { work: { topic } },
    ...(group && { groups: { work: { groupId: group } } }),
    reproduce: { idle: '100ms', backoff: { base: 1, cap: 1 } },
  });

  /** Boots the service under a name. `handled` gets the payloads that it handles. */
  function boot(
    name: string,
    service: Service,
    more: Partial<MqModuleOptions> = {},
    handled: unknown[] = [],
    beside: DynamicModule[] = [],
  ): Promise<TestingModule> {
    @MqConsumer('work', 'work', { connection: name })
    class Handler implements MqHandler {
      handle({ payload }: { payload: unknown }): void {
        handled.push(payload);
      }
    }
    const mine = MqModule.forRoot({ name, migrate: true, ...optionsOf(service), ...more });
    return start([mine, ...beside], service.group ? [Handler] : []);
  }

  async function start(modules: DynamicModule[], providers: Type[]): Promise<TestingModule> {
    const dataSource = TypeOrmModule.forRootAsync({
      useFactory: () => ({ ...db.options, autoLoadEntities: true, retryAttempts: 0 }),
      // Of this database, so that those of refused applications are closed in the end.
      dataSourceFactory: (options) => db.connect(options),
    });
    const module = await Test.createTestingModule({ imports: [dataSource, ...modules], providers }).compile();
    module.useLogger(false);
    await closeApps.add(Promise.resolve(module));
    return module.init();
  }

  const publish = (app: TestingModule, name: string, payload: unknown): Promise<Publication> =>
    app.get<MqProducerService>(getMqProducerToken(name)).publish('work', { payload }, { transaction: 'own' });

  const send = async (app: TestingModule, name: string, payload: unknown): Promise<void> => {
    expect(await (await publish(app, name, payload)).sent()).toMatchObject([{ status: 'sent' }]);
  };

  /** A message that has not left when its application is gone. */
  const leave = async (app: TestingModule, name: string, payload: unknown): Promise<void> => {
    const { broker } = app.get<MemoryTransport>(getMqTransportToken(name));
    broker.failNextSends(new TransportError('unavailable', 'down'), { times: Number.POSITIVE_INFINITY });
    await publish(app, name, payload);
  };

  const tablesLike = async (prefix: string): Promise<number> => {
    const rows = await db.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_name LIKE '${prefix}%'
       AND table_schema IN ('public', '${db.url.split('/').at(-1)}')`,
    );
    return rows.length;
  };

  it.each([
    ['default', 'orders', 'mq_', 'mq_orders_'],
    ['shop', 'default', 'mq_shop_', 'mq_'],
  ])("is refused from '%s' to '%s', and told both ways out", async (old, name, oldPrefix, prefix) => {
    // What the first of these two left in `mq_`, the second would otherwise find there as its own.
    if (name === 'default') {
      for (const table of ['status_log', 'error_log', 'inbox', 'order_stripe', 'migrations'])
        await db.query(`DROP TABLE mq_${table}`);
    }
    const service = { topic: `orders_${old}`, group: `GID_orders_${old}` };
    const handled: unknown[] = [];
    const before = await boot(old, service, {}, handled);
    await send(before, old, 'handled by the old name');
    await eventually(() => handled.length === 1);
    await leave(before, old, 'left behind');
    await before.close();

    const error = await refused(boot(name, service));
    expect(error).toMatchObject({ code: 'MQ_CONNECTION_RENAMED', details: { found: oldPrefix, publishers: [old] } });
    expect(error.message).toContain(`tables: { prefix: '${oldPrefix}' }, connections: ['${old}']`);
    expect(error.message).toContain(`tables: { prefix: '${prefix}' }`);
    expect(await tablesLike(`${prefix}inbox`)).toBe(0);

    // The first way: everything goes on.
    await db.query(`UPDATE ${oldPrefix}status_log SET due_at = 1, deliver_at = NULL WHERE due_at IS NOT NULL`);
    const stays: Partial<MqModuleOptions> = { tables: { prefix: oldPrefix }, connections: [old] };
    const after = await boot(name, service, stays, handled);
    await eventually(() => handled.length === 2);
    expect(handled).toEqual(['handled by the old name', 'left behind']);
    await after.close();

    // The second way.
    const anew = await boot(name, service, { tables: { prefix } });
    expect(await tablesLike(`${prefix}inbox`)).toBe(1);
    await anew.close();
    // Once they are there they are what the name says, and nothing is asked.
    await boot(name, service);
  });

  it('is known by messages that have not left, whoever makes the tables', async () => {
    const service = { topic: 'unsent', group: 'GID_unsent' };
    const before = await boot('unsent_old', service);
    await leave(before, 'unsent_old', 1);
    await before.close();
    for (const migrate of [true, false]) {
      expect(await refused(boot('unsent_new', service, { migrate }))).toMatchObject({
        code: 'MQ_CONNECTION_RENAMED',
        details: { found: 'mq_unsent_old_', publishers: ['unsent_old'] },
      });
    }
    // Who took the first half of the advice only is told the rest.
    const half = boot('unsent_new', service, { connections: ['unsent_old'] });
    expect(await refused(half)).toMatchObject({ code: 'MQ_CONNECTION_RENAMED' });
  });

  it('is known by what it has published, if it handles nothing', async () => {
    const before = await boot('sent_old', { topic: 'sent' });
    await send(before, 'sent_old', 1);
    await before.close();
    expect(await refused(boot('sent_new', { topic: 'sent' }))).toMatchObject({ code: 'MQ_CONNECTION_RENAMED' });
  });

  it('is known when it is its prefix that was taken away', async () => {
    const service = { topic: 'bare', group: 'GID_bare' };
    const handled: unknown[] = [];
    const before = await boot('bare', service, { tables: { prefix: 'own_' } }, handled);
    await send(before, 'bare', 1);
    await eventually(() => handled.length === 1);
    await before.close();
    expect(await refused(boot('bare', service))).toMatchObject({
      code: 'MQ_CONNECTION_RENAMED',
      details: { found: 'own_' },
    });
  });

  it('is none of several that are booted together for the first time, on the same topics and groups', async () => {
    const service = { topic: 'together', group: 'GID_together' };
    const first = await boot('one', service);
    await leave(first, 'one', 1);
    await first.close();
    const second = MqModule.forRoot({ name: 'two', migrate: true, ...optionsOf(service) });
    const both = await boot('one', service, {}, [], [second]);
    await leave(both, 'two', 2);
  });

  it('is none where another application has other topics and groups in the same database', async () => {
    const handled: unknown[] = [];
    const theirs = await boot('theirs', { topic: 'theirs', group: 'GID_theirs' }, {}, handled);
    await send(theirs, 'theirs', 1);
    await leave(theirs, 'theirs', 2);
    await eventually(() => handled.length === 1);
    await boot('mine', { topic: 'mine', group: 'GID_mine' });
    await boot('mine_too', { topic: 'mine_too' });
  });

  it('is none where it handles in a group of its own what another application has sent', async () => {
    const publisher = await boot('publisher', { topic: 'shared' });
    await send(publisher, 'publisher', 1);
    await boot('subscriber', { topic: 'shared', group: 'GID_subscriber' });
  });

  it('is none where the other tables are not to be read, or are no tables of this library', async () => {
    for (const table of ['status_log', 'error_log', 'inbox', 'order_stripe', 'migrations'])
      await db.query(`CREATE TABLE strange_${table} (id integer)`);
    await boot('strange', { topic: 'strange', group: 'GID_strange' });
  });
});

async function refused(booting: Promise<unknown>): Promise<MqError> {
  const error = await booting.then(
    () => new Error('it booted'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof MqError) return error;
  throw error;
}
