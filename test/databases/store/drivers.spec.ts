import pg from 'pg';
import { detectDialect } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { openOutbox } from '../../support/outbox/open-outbox.js';

describeDatabases('drivers that do not tell what the server says about transactions', (db) => {
  test('are refused, with what to do', async () => {
    const dialect = detectDialect(await db.connect());
    expect(() => dialect.watch({})).toThrow(
      expect.objectContaining({ code: 'MQ_CONFIG_INVALID', message: expect.stringContaining('Install') }),
    );
  });
});

describeDatabases(
  'clients of pg',
  (db) => {
    test('that send statements before the answers to others are refused when the tables are opened', async () => {
      await expect(openOutbox(db, { extra: { pipeline: true } } as object)).rejects.toMatchObject({
        code: 'MQ_CONFIG_INVALID',
        message: expect.stringContaining('extra.pipeline'),
      });
    });

    test('without getTransactionStatus(), as before 8.20, are asked instead', async () => {
      class OldClient extends pg.Client {
        override readonly getTransactionStatus = undefined as never;
      }
      const outbox = await openOutbox(db, { extra: { Client: OldClient }, poolSize: 2 } as object);
      const { dataSource, store, bench } = outbox;

      // The first that is heard of this connection is a transaction that its user has ended.
      const runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await runner.query('ROLLBACK');
      await expect(store.stage(runner.manager, [bench.row()], bench.lease())).rejects.toMatchObject({
        code: 'MQ_TRANSACTION_CLOSED',
      });
      await runner.rollbackTransaction();
      await runner.release();

      await bench.publish([bench.row(), bench.ordered('k')]);
      expect(await bench.claim()).toHaveLength(2);
      await dataSource.destroy();
    });
  },
  ['PostgreSQL'],
);
