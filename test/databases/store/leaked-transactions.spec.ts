import type { DataSource } from 'typeorm';
import { LANE } from 'nestjs-reliable-mq/spi';
import {
  checkMqSchema,
  createMqStores,
  runMqMigrations,
  TypeOrmDeliveryStore,
  TypeOrmTransactionContext,
} from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { eventuallyPasses } from '../../support/eventually.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';

const AWAITED = { id: 'm1', messageId: 'm1', group: 'stock' };

/**
 * A query runner that was released without COMMIT or ROLLBACK. The pool holds a single connection, so that whoever comes next
 * gets that one, with the transaction still open.
 */
describeDatabases('a connection that was left inside a transaction', (db) => {
  let outbox: TestOutbox;
  let dataSource: DataSource;
  let deliveries: TypeOrmDeliveryStore;
  let transactions: TypeOrmTransactionContext;

  beforeAll(async () => {
    await db.query('CREATE TABLE note (id varchar(40) PRIMARY KEY)');
    outbox = await openOutbox(db, { poolSize: 1 } as object);
    dataSource = outbox.dataSource;
    transactions = new TypeOrmTransactionContext(dataSource);
    deliveries = TypeOrmDeliveryStore.create(dataSource);
  });
  beforeEach(async () => {
    await outbox.clear();
    await db.query('DELETE FROM note');
  });

  const leak = async (): Promise<string> => {
    const row = outbox.bench.row();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await outbox.store.stage(runner.manager, [row], outbox.bench.lease());
    await runner.query(`INSERT INTO note VALUES ('leaked')`);
    await runner.release();
    return row.id;
  };
  /** What the leak wrote is in nobody's way, and nobody has committed it. */
  const isGone = (): Promise<void> =>
    eventuallyPasses(async () => expect(await db.query(`SELECT id FROM note WHERE id = 'leaked'`)).toEqual([]));

  const entry = () => outbox.bench.error('m1', { direction: 'CONSUME', group: 'stock', groupId: 'GID_stock' });
  const ways: Record<string, () => Promise<unknown>> = {
    confirm: () => outbox.store.confirm([{ id: 'x', token: 'x' }]),
    claim: () => outbox.bench.claim(10),
    'the idle poll': () => outbox.store.nextDueIn([LANE]),
    inspect: () => outbox.store.inspect(['x']),
    refund: () => outbox.store.refund(['x']),
    park: () => outbox.store.park({ id: 'x', token: 'x' }, outbox.bench.error('x'), { freeKey: false }),
    'an error row': () => outbox.store.recordErrors([entry()]),
    prune: () => outbox.store.prune('sent', 0, 10),
    counts: () => outbox.store.stats(),
    'failures of a delivery': () => deliveries.countFailures('G', 'm1'),
    'recording a failure': () => deliveries.recordFailure(entry()),
    'parking a delivery': () => deliveries.park(entry(), { inbox: true, awaited: AWAITED }),
    'settling a duplicate': () => deliveries.settleHandled(AWAITED, 'B1'),
    'a delivery': () => deliveries.transact({ lockWaitMs: 5_000 }, (tx) => tx.enterInbox('G', 'm2', 't')),
    "publishing with transaction: 'own'": () =>
      transactions.own(({ tx }) => outbox.store.stage(tx, [outbox.bench.row()], outbox.bench.lease())),
    migrations: () => runMqMigrations(dataSource),
    'the check of the tables': () => checkMqSchema(dataSource),
  };

  test.each(Object.keys(ways))('is not worked with: %s', async (way) => {
    const id = await leak();
    await ways[way]!();
    await isGone();
    expect(await outbox.store.inspect([id])).toEqual(new Map());
  });

  test('what it wrote cannot be read back as committed', async () => {
    const row = outbox.bench.row();
    const lease = outbox.bench.lease();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await outbox.store.stage(runner.manager, [row], lease);
    await runner.release();
    expect(await outbox.store.confirm([{ id: row.id, token: lease.token }])).toEqual([null]);
  });

  test('nor one in which a statement has failed, when the application starts', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT * FROM nowhere').catch(() => undefined);
    await runner.release();
    const replayTo = { connection: 'default', broker: null, topic: () => undefined, problem: () => null } as never;
    const options = { migrate: false, replayTo, hosts: () => [], traces: null };
    const { warnings } = await createMqStores(dataSource, { prefix: 'mq_', schema: null }, options);
    expect(warnings).toEqual([]);
  });

  test('also where it was begun with SQL, on a connection that nobody has looked at before', async () => {
    const other = await openOutbox(db, { poolSize: 1 } as object);
    const runner = other.dataSource.createQueryRunner();
    await runner.query('START TRANSACTION');
    await runner.query(`INSERT INTO note VALUES ('leaked')`);
    await runner.release();
    await other.store.stats();
    await isGone();
    await other.dataSource.destroy();
  });
});
