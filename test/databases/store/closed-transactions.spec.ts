import type { DataSource, QueryRunner } from 'typeorm';
import { describeDatabases } from '../../support/database.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';

describeDatabases('transactions that the server has ended', (db) => {
  let outbox: TestOutbox;
  let dataSource: DataSource;

  beforeAll(async () => {
    outbox = await openOutbox(db);
    dataSource = await db.connect();
    await db.query('CREATE TABLE stock (id int PRIMARY KEY, n int NOT NULL)');
    await db.query('INSERT INTO stock VALUES (1, 0), (2, 0)');
  });
  beforeEach(() => outbox.clear());

  const take = (runner: QueryRunner, id: number): Promise<unknown> =>
    runner.query(`UPDATE stock SET n = n + 1 WHERE id = ${id}`);

  /** Two transactions that lock two rows crosswise: the database ends one of them with an error. */
  async function deadlocked(): Promise<{ victim: QueryRunner; other: QueryRunner }> {
    const [a, b] = [dataSource.createQueryRunner(), dataSource.createQueryRunner()];
    for (const runner of [a, b]) await runner.startTransaction();
    await take(a, 1);
    await take(b, 2);
    const [first, second] = await Promise.allSettled([take(a, 2), take(b, 1)]);
    expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected']);
    return first.status === 'rejected' ? { victim: a, other: b } : { victim: b, other: a };
  }

  test('a deadlock that somebody swallowed lets nothing be published', async () => {
    const { victim, other } = await deadlocked();
    const staged = outbox.store.stage(
      victim.manager,
      [outbox.bench.row(), outbox.bench.ordered('k')],
      outbox.bench.lease(),
    );
    // PostgreSQL refuses every statement by itself; MariaDB and MySQL are back in autocommit, where an INSERT would stay.
    await expect(staged).rejects.toMatchObject(
      db.name === 'PostgreSQL' ? { code: '25P02' } : { code: 'MQ_TRANSACTION_CLOSED' },
    );
    await victim.rollbackTransaction();
    await other.commitTransaction();
    for (const runner of [victim, other]) await runner.release();
    expect(await db.query('SELECT id FROM mq_status_log')).toEqual([]);
  });

  test.each(['COMMIT', 'ROLLBACK'])('a %s behind the back of TypeORM lets nothing be published', async (end) => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query(end);
    await expect(outbox.store.stage(runner.manager, [outbox.bench.row()], outbox.bench.lease())).rejects.toMatchObject({
      code: 'MQ_TRANSACTION_CLOSED',
    });
    await runner.rollbackTransaction();
    await runner.release();
    expect(await db.query('SELECT id FROM mq_status_log')).toEqual([]);
  });

  test('a savepoint is still the transaction', async () => {
    const row = outbox.bench.row();
    await dataSource.transaction((manager) =>
      manager.transaction((nested) => outbox.store.stage(nested, [row], outbox.bench.lease())),
    );
    expect(await outbox.bench.status(row.id)).toBe('PENDING');
  });
});
