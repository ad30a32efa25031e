import type { DataSource } from 'typeorm';
import { refOf, type LeasedRow } from 'nestjs-reliable-mq/spi';
import { describeDatabases } from '../../support/database.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';
import { RecordingLogger } from '../../support/outbox/recording-logger.js';

type Level = 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

describeDatabases('isolation levels of the application', (db) => {
  let outbox: TestOutbox;
  let producers: DataSource;

  beforeAll(async () => {
    outbox = await openOutbox(db);
    producers = await db.connect();
    await db.query('CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)');
    await db.query('INSERT INTO account VALUES (1, 0), (2, 0), (3, 0), (4, 0)');
  });
  beforeEach(() => outbox.clear());

  /** Reads first, so that a level with snapshots has one that is older than what the others commit. */
  async function publishOrdered(account: number, level: Level, settings: readonly string[]): Promise<string> {
    const runner = producers.createQueryRunner();
    try {
      for (const setting of settings) await runner.query(setting);
      await runner.startTransaction(level);
      await runner.query(`SELECT balance FROM account WHERE id = ${account}`);
      await runner.query(`UPDATE account SET balance = balance + 1 WHERE id = ${account}`);
      const row = outbox.bench.ordered('shared');
      await outbox.store.stage(runner.manager, [row], outbox.bench.lease());
      await runner.commitTransaction();
      return row.id;
    } finally {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
      await runner.release();
    }
  }

  const snapshotIsolation = db.name === 'MariaDB' ? [[], ['SET SESSION innodb_snapshot_isolation = ON']] : [[]];
  const cases = snapshotIsolation.flatMap((settings) =>
    (['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'] as const).map((level) => [level, settings] as const),
  );

  test.each(cases)('publishers of one key wait for each other and none fails at %s %s', async (level, settings) => {
    const done: Promise<string[]>[] = [1, 2, 3, 4].map(async (account) => {
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.push(await publishOrdered(account, level, settings));
      return ids;
    });
    const ids = (await Promise.all(done)).flat();
    const claimed = await outbox.bench.claim();
    expect(claimed.map((row) => row.id).sort()).toEqual(ids.sort());
    expect(new Set(claimed.map((row) => row.seq)).size).toBe(20);
  });

  test('the module works at its own level, whatever the sessions default to', async () => {
    const strict =
      db.name === 'PostgreSQL'
        ? { extra: { options: '-c default_transaction_isolation=serializable' } }
        : { isolationLevel: 'SERIALIZABLE' as const };
    const recorder = new RecordingLogger();
    const other = await openOutbox(db, { ...strict, logging: true, logger: recorder } as object);
    if (db.family === 'MySQL') await other.dataSource.query('SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    await other.bench.publish(Array.from({ length: 60 }, () => other.bench.row()));
    const drain = async (): Promise<LeasedRow[]> => {
      const rows = await other.bench.claim(10);
      return rows.length === 0 ? [] : [...rows, ...(await drain())];
    };
    const rows = (await Promise.all(Array.from({ length: 6 }, drain))).flat();
    expect(rows).toHaveLength(60);
    expect(new Set(rows.map((row) => row.id)).size).toBe(60);
    const outcomes = await Promise.all(
      rows.map((row) => other.store.markSent([{ ...refOf(row), brokerMessageId: row.id }])),
    );
    expect(outcomes.flat().every((outcome) => outcome === 'marked')).toBe(true);
    // Not one that was tried again either: at a strict level some of these fail.
    expect(recorder.errors).toEqual([]);
    await other.dataSource.destroy();
  });
});
