import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { checkMqSchema, getMqEntities, mqMigrations, runMqMigrations } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { RecordingLogger } from '../../support/outbox/recording-logger.js';

const COPIES = 12;
const MIGRATIONS = ['MqTables1763800000000', 'MqOperations1764300000000'];

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
    expect(ran.filter((names) => names.length > 0)).toEqual([MIGRATIONS.map((name) => `mq_${name}`)]);
    await checkMqSchema(copies[0]!);
    // TypeORM agrees that nothing is left to do.
    expect(await copies[0]!.showMigrations()).toBe(false);
    expect(await copies[0]!.runMigrations()).toEqual([]);
    expect(await runMqMigrations(copies[0]!, { own: true })).toEqual([]);
    await Promise.all(copies.map((copy) => copy.destroy()));
  });

  test('say what to do when the tables are missing, and when they are older', async () => {
    const dataSource = await open();
    const tableOptions = { prefix: 'mq_absent_' };
    await expect(checkMqSchema(dataSource, tableOptions)).rejects.toMatchObject({
      code: 'MQ_SCHEMA_OUTDATED',
      message: expect.stringMatching(/do not exist.*migrate: true.*runMqMigrations.*mqMigrations/s),
    });
    await runMqMigrations(dataSource, tableOptions);
    await checkMqSchema(dataSource, tableOptions);
    await db.query('DELETE FROM mq_absent_order_stripe WHERE id = 7');
    await expect(checkMqSchema(dataSource, tableOptions)).rejects.toThrow(/1023 rows instead of 1024/);
    await db.query(`UPDATE mq_absent_migrations SET name = 'of another version' WHERE name LIKE '%Tables%'`);
    await expect(checkMqSchema(dataSource, tableOptions)).rejects.toThrow(/outdated/);
    await dataSource.destroy();
  });

  test('run with TypeORM too, for two connections at once, forth and back', async () => {
    const [one, two] = [{ prefix: 'one_' }, { prefix: 'two_' }];
    const dataSource = await open({
      migrations: [...mqMigrations(one), ...mqMigrations(two)],
      migrationsTableName: 'typeorm_migrations',
      entities: [...getMqEntities('default', one)],
    });
    expect((await dataSource.runMigrations()).map(({ name }) => name)).toHaveLength(2 * MIGRATIONS.length);
    await checkMqSchema(dataSource, one);
    await checkMqSchema(dataSource, two);
    expect(await runMqMigrations(dataSource, one)).toEqual([]);
    for (const _ of MIGRATIONS) await dataSource.undoLastMigration();
    await expect(checkMqSchema(dataSource, two)).rejects.toThrow(/are outdated/);
    await expect(checkMqSchema(dataSource, one)).rejects.toThrow(/are outdated/);
    await dataSource.undoLastMigration();
    await expect(checkMqSchema(dataSource, two)).rejects.toThrow(/do not exist/);
    expect(await dataSource.runMigrations()).toHaveLength(3);
    await checkMqSchema(dataSource, one);
    await checkMqSchema(dataSource, two);
    await dataSource.destroy();
  });

  test('bring tables of the first version up to date, with their rows', async () => {
    const dataSource = await open();
    const tables = { prefix: 'older_' };
    await runMqMigrations(dataSource, tables);
    for (const name of ['node', 'pause', 'action', 'copy', 'duty']) await db.query(`DROP TABLE older_${name}`);
    for (const name of ['status_log', 'error_log']) {
      for (const column of ['trace', 'correlation_id', 'causation_id'])
        await db.query(`ALTER TABLE older_${name} DROP COLUMN ${column}`);
    }
    await db.query('ALTER TABLE older_error_log DROP COLUMN decision');
    await db.query(`DELETE FROM older_migrations WHERE name = 'older_${MIGRATIONS[1]}'`);
    await db.query(`INSERT INTO older_status_log (id, status, connection, broker, topic_alias, topic, msg_key, max_attempts, created_at,
      updated_at, done_at, payload, payload_bytes) VALUES ('1', 'SENT', 'default', 'b', 'a', 't', 'k', 1, 1, 1, 1, '{}', 2)`);
    await expect(checkMqSchema(dataSource, tables)).rejects.toThrow(/are outdated.*MqOperations/s);
    expect(await runMqMigrations(dataSource, tables)).toEqual([`older_${MIGRATIONS[1]}`]);
    await checkMqSchema(dataSource, tables);
    expect(await db.query('SELECT id, trace FROM older_status_log')).toEqual([{ id: '1', trace: null }]);
    expect(await db.query('SELECT decision, trace FROM older_error_log')).toEqual([]);
    for (const name of ['node', 'pause', 'action', 'copy', 'duty']) await db.query(`SELECT 1 FROM older_${name}`);
    await dataSource.destroy();
  });

  test('go on where a migration stopped between a column and its index', async () => {
    const dataSource = await open();
    const tables = { prefix: 'halfway_' };
    await runMqMigrations(dataSource, tables);
    const isPostgres = db.family === 'PostgreSQL';
    await db.query(
      isPostgres ? 'DROP INDEX halfway_ix_causation' : 'ALTER TABLE halfway_status_log DROP KEY halfway_ix_causation',
    );
    await db.query(`DELETE FROM halfway_migrations WHERE name = 'halfway_${MIGRATIONS[1]}'`);
    expect(await runMqMigrations(dataSource, tables)).toEqual([`halfway_${MIGRATIONS[1]}`]);
    const found = await db.query(
      isPostgres
        ? `SELECT 1 FROM pg_indexes WHERE indexname = 'halfway_ix_causation'`
        : `SELECT 1 FROM information_schema.STATISTICS WHERE table_schema = DATABASE() AND index_name = 'halfway_ix_causation'`,
    );
    expect(found).toHaveLength(1);
    await dataSource.destroy();
  });

  test('go on where a copy died that held the lock', async () => {
    const [dying, next] = [await open(), await open()];
    const tableOptions = { prefix: 'killed_' };
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
    await expect(runMqMigrations(dying, tableOptions)).rejects.toThrow();
    dying.createQueryRunner = create;
    expect(await runMqMigrations(next, tableOptions)).toHaveLength(MIGRATIONS.length);
    await checkMqSchema(next, tableOptions);
    await dying.destroy();
    await next.destroy();
  });

  test('take no lock when there is nothing to do', async () => {
    const logger = new RecordingLogger();
    const dataSource = await open({ migrations: [Shop1700000000000], logging: true, logger });
    await db.query('DROP TABLE IF EXISTS shop, migrations');
    const tableOptions = { prefix: 'locked_', own: true };
    const locks = (): number => logger.statements.filter(({ sql }) => /advisory|GET_LOCK/.test(sql)).length;
    expect(await runMqMigrations(dataSource, tableOptions)).toHaveLength(MIGRATIONS.length);
    expect(locks()).toBe(1);
    expect(await runMqMigrations(dataSource, tableOptions)).toEqual([]);
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
      expect(await runMqMigrations(second, { prefix })).toHaveLength(MIGRATIONS.length);
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
      const tableOptions = { schema: 'messaging' };
      const dataSource = await db.connect({ poolSize: 1, entities: [...getMqEntities('default', tableOptions)] });
      await runMqMigrations(dataSource, tableOptions);
      await checkMqSchema(dataSource, tableOptions);
      expect(await dataSource.getRepository(getMqEntities('default', tableOptions)[0]).count()).toBe(0);
      const tables = await db.query<{ n: string }>(
        `SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = 'messaging'`,
      );
      expect(Number(tables[0]!.n)).toBe(10);
      await dataSource.destroy();
    });
  },
  ['PostgreSQL'],
);
