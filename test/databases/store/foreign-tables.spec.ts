import type { DataSource } from 'typeorm';
import { checkMqSchema, mqMigrations, runMqMigrations } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { RecordingLogger } from '../../support/outbox/recording-logger.js';

const TABLES = ['status_log', 'error_log', 'inbox', 'order_stripe', 'migrations'] as const;

describeDatabases('tables of somebody else that are called like ours', (db) => {
  const [autoIncrement, quote] =
    db.family === 'PostgreSQL' ? ['bigserial PRIMARY KEY', '"'] : ['bigint AUTO_INCREMENT PRIMARY KEY', '`'];
  let dataSource: DataSource;
  let created = 0;

  beforeAll(async () => {
    dataSource = await db.connect({ poolSize: 1 });
  });

  /** As of the Laravel package, with a row in it. */
  async function makeForeign(table: string, key = 'id'): Promise<void> {
    await db.query(
      `CREATE TABLE ${table} (${key} ${autoIncrement}, mq_uuid varchar(30), status int, created_at timestamp NULL)`,
    );
    await db.query(`INSERT INTO ${table} (mq_uuid, status) VALUES ('theirs', 1)`);
  }

  /** Those who run our migration with TypeORM. */
  const typeOrmWith = (tableOptions: { prefix: string }): Promise<DataSource> =>
    db.connect({
      poolSize: 1,
      migrations: mqMigrations(tableOptions),
      migrationsTableName: `typeorm_${tableOptions.prefix}`,
      logger: new RecordingLogger(),
    });

  const rowsOf = (table: string): Promise<unknown[]> => db.query(`SELECT mq_uuid, status FROM ${table}`);
  const theirs = [{ mq_uuid: 'theirs', status: 1 }];

  const tablesOf = async (prefix: string): Promise<string[]> => {
    const schema = db.family === 'PostgreSQL' ? `'public'` : 'DATABASE()';
    const rows = await db.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ${schema} ORDER BY 1`,
    );
    return rows.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  };

  const tellsCase = async (): Promise<boolean> => {
    if (db.family === 'PostgreSQL') return true;
    const [row] = await db.query<{ folded: unknown }>('SELECT @@lower_case_table_names AS folded');
    return Number(row!.folded) === 0;
  };

  const newPrefix = (): string => `foreign${++created}_`;

  it.each(TABLES)('are refused, whatever runs the migration and at boot without one: %s', async (name) => {
    const prefix = newPrefix();
    const table = prefix + name;
    // The stripes have no other column, so a table with an `id` would do.
    await makeForeign(table, name === 'order_stripe' ? 'stripe' : 'id');
    const tableOptions = { prefix };
    const own = await typeOrmWith(tableOptions);
    for (const attempt of [
      () => runMqMigrations(dataSource, tableOptions),
      () => own.runMigrations(),
      () => checkMqSchema(dataSource, tableOptions),
    ]) {
      const error = await attempt().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'MQ_SCHEMA_FOREIGN',
        message: expect.stringContaining(`tables: { prefix: '${prefix.replace(/_$/, '2_')}' }`),
        details: { tables: [{ table: expect.stringContaining(`.${quote}${table}${quote}`) }] },
      });
    }
    expect(await tablesOf(prefix)).toEqual([table]);
    expect(await rowsOf(table)).toEqual(theirs);
    await own.destroy();
  });

  it('are told all at once, with what they lack', async () => {
    const prefix = newPrefix();
    await makeForeign(`${prefix}status_log`);
    await makeForeign(`${prefix}error_log`);
    const error = (await runMqMigrations(dataSource, { prefix }).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toMatch(/status_log. lacks the columns connection, broker, .* and 28 more; /);
    expect(error.message).toMatch(
      /error_log. lacks the columns direction, message_id, .* and 22 more\. Nothing was created/,
    );
    expect(error).toMatchObject({
      details: {
        tables: [
          { missing: expect.arrayContaining(['due_at', 'seq']) },
          { missing: expect.arrayContaining(['parked']) },
        ],
      },
    });
  });

  it('are left alone beside ours with another prefix', async () => {
    const prefix = newPrefix();
    await makeForeign(`${prefix}status_log`);
    const beside = { prefix: `beside_${prefix}` };
    expect(await runMqMigrations(dataSource, beside)).toHaveLength(mqMigrations().length);
    await checkMqSchema(dataSource, beside);
    expect(await rowsOf(`${prefix}status_log`)).toEqual(theirs);
  });

  it('are not dropped when the migration is taken back', async () => {
    const prefix = newPrefix();
    const tableOptions = { prefix };
    const own = await typeOrmWith(tableOptions);
    await own.runMigrations();
    await db.query(`DROP TABLE ${prefix}error_log`);
    await makeForeign(`${prefix}error_log`);
    for (const _ of mqMigrations()) await own.undoLastMigration();
    expect(await tablesOf(prefix)).toEqual([`${prefix}error_log`, `${prefix}migrations`]);
    expect(await rowsOf(`${prefix}error_log`)).toEqual(theirs);

    await db.query(`DROP TABLE ${prefix}migrations`);
    await makeForeign(`${prefix}migrations`);
    const runner = own.createQueryRunner();
    await new (mqMigrations(tableOptions)[0]!)().down(runner);
    await runner.release();
    expect(await rowsOf(`${prefix}migrations`)).toEqual(theirs);
    await own.destroy();
  });

  it('are not taken for ours of a migration that stopped halfway, which goes on', async () => {
    const prefix = newPrefix();
    await runMqMigrations(dataSource, { prefix });
    await db.query(`DELETE FROM ${prefix}migrations`);
    await db.query(`DROP TABLE ${prefix}inbox`);
    await db.query(`DROP TABLE ${prefix}order_stripe`);
    await expect(checkMqSchema(dataSource, { prefix })).rejects.toMatchObject({ code: 'MQ_SCHEMA_OUTDATED' });
    expect(await runMqMigrations(dataSource, { prefix })).toHaveLength(mqMigrations().length);
    await checkMqSchema(dataSource, { prefix });
  });

  it('are looked for without a statement that fails', async () => {
    const logger = new RecordingLogger();
    const logging = await db.connect({ poolSize: 1, logging: true, logger });
    const prefix = newPrefix();
    await expect(checkMqSchema(logging, { prefix })).rejects.toMatchObject({ code: 'MQ_SCHEMA_OUTDATED' });
    await runMqMigrations(logging, { prefix });
    await checkMqSchema(logging, { prefix });
    expect(logger.statements.length).toBeGreaterThan(10);
    expect(logger.errors).toEqual([]);
    await logging.destroy();
  });

  it('do not matter in another schema, or of another case', async () => {
    const prefix = newPrefix();
    const elsewhere = `${db.url.split('/').at(-1)!}_elsewhere`;
    await db.query(`CREATE SCHEMA ${elsewhere}`);
    try {
      await makeForeign(`${elsewhere}.${prefix}status_log`);
      // MySQL on Windows and macOS takes it for the same table.
      if (await tellsCase()) await makeForeign(`${quote}${prefix.toUpperCase()}STATUS_LOG${quote}`);
      expect(await runMqMigrations(dataSource, { prefix })).toHaveLength(mqMigrations().length);
      await checkMqSchema(dataSource, { prefix });
      await expect(runMqMigrations(dataSource, { prefix, schema: elsewhere })).rejects.toMatchObject({
        code: 'MQ_SCHEMA_FOREIGN',
        message: expect.stringContaining(`${quote}${elsewhere}${quote}.${quote}${prefix}status_log${quote}`),
      });
    } finally {
      await db.query(`DROP SCHEMA ${elsewhere}${db.family === 'PostgreSQL' ? ' CASCADE' : ''}`);
    }
  });
});

describeDatabases(
  'what else has our names on PostgreSQL',
  (db) => {
    it('is not a temporary table, and not what the search path finds first', async () => {
      const dataSource = await db.connect({ poolSize: 1 });
      const tableOptions = { prefix: 'hidden_' };
      await db.query('CREATE SCHEMA first');
      await db.query('CREATE TABLE first.hidden_status_log (id int)');
      await dataSource.query('SET search_path = first, public');
      await dataSource.query('CREATE TEMPORARY TABLE hidden_inbox (id int)');
      expect(await runMqMigrations(dataSource, tableOptions)).toHaveLength(mqMigrations().length);
      await checkMqSchema(dataSource, tableOptions);
      await dataSource.destroy();
    });

    it('is a view, or a table without any column', async () => {
      const dataSource = await db.connect({ poolSize: 1 });
      await db.query('CREATE VIEW viewed_inbox AS SELECT 1 AS id');
      await db.query('CREATE TABLE empty_error_log ()');
      for (const prefix of ['viewed_', 'empty_'])
        await expect(runMqMigrations(dataSource, { prefix })).rejects.toMatchObject({ code: 'MQ_SCHEMA_FOREIGN' });
      await dataSource.destroy();
    });
  },
  ['PostgreSQL'],
);
