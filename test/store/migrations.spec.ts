import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { checkMqSchema, getMqEntities, mqMigrations, runMqMigrations } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../support/database.js';
import { RecordingLogger } from './support/recording-logger.js';

const COPIES = 12;

/** A migration that fails when it runs twice, as those of applications do. */
class Shop1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE shop (id int PRIMARY KEY)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE shop');
  }
}

describeDatabases('migrations', (db) => {
  const open = (more: object = {}): Promise<DataSource> => db.connect({ poolSize: 1, ...more });

  test('run once, however many copies start together on an empty database, with those of the application', async () => {
    const copies = await Promise.all(Array.from({ length: COPIES }, () => open({ migrations: [Shop1700000000000] })));
    const ran = await Promise.all(copies.map((copy) => runMqMigrations(copy, { own: true })));
    expect(ran.filter((names) => names.length > 0)).toEqual([[expect.stringMatching(/^mq_.*\d{13}$/)]]);
    await checkMqSchema(copies[0]!);
    // TypeORM agrees that nothing is left to do.
    expect(await copies[0]!.showMigrations()).toBe(false);
    expect(await copies[0]!.runMigrations()).toEqual([]);
    expect(await runMqMigrations(copies[0]!, { own: true })).toEqual([]);
    await Promise.all(copies.map((copy) => copy.destroy()));
  });

  test('say what to do when the tables are missing, and when they are older', async () => {
    const dataSource = await open();
    const place = { prefix: 'mq_absent_' };
    await expect(checkMqSchema(dataSource, place)).rejects.toMatchObject({
      code: 'MQ_SCHEMA_OUTDATED',
      message: expect.stringMatching(/do not exist.*migrate: true.*runMqMigrations.*mqMigrations/s),
    });
    await runMqMigrations(dataSource, place);
    await checkMqSchema(dataSource, place);
    await db.query('DELETE FROM mq_absent_order_stripe WHERE id = 7');
    await expect(checkMqSchema(dataSource, place)).rejects.toThrow(/1023 rows instead of 1024/);
    await db.query(`UPDATE mq_absent_migrations SET name = 'of another version'`);
    await expect(checkMqSchema(dataSource, place)).rejects.toThrow(/outdated/);
    await dataSource.destroy();
  });

  test('run with TypeORM too, for two connections at once, forth and back', async () => {
    const [one, two] = [{ prefix: 'one_' }, { prefix: 'two_' }];
    const dataSource = await open({
      migrations: [...mqMigrations(one), ...mqMigrations(two)],
      migrationsTableName: 'typeorm_migrations',
      entities: [...getMqEntities('default', one)],
    });
    expect((await dataSource.runMigrations()).map(({ name }) => name)).toHaveLength(2);
    await checkMqSchema(dataSource, one);
    await checkMqSchema(dataSource, two);
    expect(await runMqMigrations(dataSource, one)).toEqual([]);
    await dataSource.undoLastMigration();
    await expect(checkMqSchema(dataSource, two)).rejects.toThrow(/do not exist|outdated/);
    await checkMqSchema(dataSource, one);
    await dataSource.destroy();
  });

  test('go on where a copy died that held the lock', async () => {
    const [dying, next] = [await open(), await open()];
    const place = { prefix: 'killed_' };
    const runner = dying.createQueryRunner();
    const create = dying.createQueryRunner.bind(dying);
    // The connection ends in the middle of its work.
    dying.createQueryRunner = () => {
      const query = runner.query.bind(runner);
      runner.query = (async (sql: string, ...rest: unknown[]) => {
        if (sql.includes('killed_inbox')) {
          const id = db.name === 'PostgreSQL' ? 'pg_backend_pid()' : 'CONNECTION_ID()';
          const [row] = (await query(`SELECT ${id} AS id`)) as [{ id: number }];
          await db.query(db.name === 'PostgreSQL' ? `SELECT pg_terminate_backend(${row.id})` : `KILL ${row.id}`);
        }
        return (query as (...args: unknown[]) => Promise<unknown>)(sql, ...rest);
      }) as typeof runner.query;
      return runner;
    };
    await expect(runMqMigrations(dying, place)).rejects.toThrow();
    dying.createQueryRunner = create;
    expect(await runMqMigrations(next, place)).toHaveLength(1);
    await checkMqSchema(next, place);
    await dying.destroy();
    await next.destroy();
  });

  test('take no lock when there is nothing to do', async () => {
    const logger = new RecordingLogger();
    const dataSource = await open({ migrations: [Shop1700000000000], logging: true, logger });
    await db.query('DROP TABLE IF EXISTS shop, migrations');
    const place = { prefix: 'locked_', own: true };
    const locks = (): number => logger.statements.filter(({ sql }) => /advisory|GET_LOCK/.test(sql)).length;
    expect(await runMqMigrations(dataSource, place)).toHaveLength(1);
    expect(locks()).toBe(1);
    expect(await runMqMigrations(dataSource, place)).toEqual([]);
    expect(locks()).toBe(1);
    await dataSource.destroy();
  });

  test('find the tables of a schema that is named later', async () => {
    const dataSource = await open();
    const prefix = 'later_';
    await runMqMigrations(dataSource, { prefix });
    const schema = db.name === 'PostgreSQL' ? 'public' : new URL(db.url).pathname.slice(1);
    await checkMqSchema(dataSource, { prefix, schema });
    await dataSource.destroy();
  });

  test('refuse a prefix that is no part of a name', async () => {
    const dataSource = await open();
    for (const prefix of ['', 'a b', 'x"; DROP TABLE y; --', '1_', 'x'.repeat(33)]) {
      await expect(runMqMigrations(dataSource, { prefix })).rejects.toMatchObject({ code: 'MQ_CONFIG_INVALID' });
    }
    await dataSource.destroy();
  });
});

/** Cannot run in a transaction. */
class Concurrently1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE goods (id int PRIMARY KEY, name text)');
    await runner.query('CREATE INDEX CONCURRENTLY ix_goods ON goods (name)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE goods');
  }
}

describeDatabases(
  'migrations on PostgreSQL',
  (db) => {
    test('that want no transaction run once, too, however many copies start together', async () => {
      const options = {
        migrations: [Concurrently1700000000001],
        migrationsTransactionMode: 'none' as const,
        poolSize: 1,
      };
      const copies = await Promise.all(Array.from({ length: 5 }, () => db.connect(options)));
      await Promise.all(copies.map((copy) => runMqMigrations(copy, { own: true })));
      expect(await copies[0]!.showMigrations()).toBe(false);
      await Promise.all(copies.map((copy) => copy.destroy()));
    });

    test('leave no lock behind in a session', async () => {
      const prefix = 'session_';
      const [first, second] = [await db.connect(), await db.connect()];
      await runMqMigrations(first, { prefix });
      const held = await db.query(
        `SELECT * FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      expect(held).toEqual([]);
      await db.query('DELETE FROM session_migrations');
      expect(await runMqMigrations(second, { prefix })).toHaveLength(1);
      await Promise.all([first.destroy(), second.destroy()]);
    });
  },
  ['PostgreSQL'],
);

describeDatabases(
  'migrations in a schema',
  (db) => {
    test('make and find their tables there', async () => {
      await db.query('CREATE SCHEMA messaging');
      const place = { schema: 'messaging' };
      const dataSource = await db.connect({ poolSize: 1, entities: [...getMqEntities('default', place)] });
      await runMqMigrations(dataSource, place);
      await checkMqSchema(dataSource, place);
      expect(await dataSource.getRepository(getMqEntities('default', place)[0]).count()).toBe(0);
      const tables = await db.query<{ n: string }>(
        `SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = 'messaging'`,
      );
      expect(Number(tables[0]!.n)).toBe(5);
      await dataSource.destroy();
    });
  },
  ['PostgreSQL'],
);
