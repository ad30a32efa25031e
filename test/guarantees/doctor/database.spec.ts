import 'reflect-metadata';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { describeDatabases } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { closeAfterEach } from '../../support/mq-app.js';
import { consumer } from '../../support/node/consumer.js';
import { bootNode, type Node, OWN } from '../../support/node/node.js';
import { RecordingLogger } from '../../support/outbox/recording-logger.js';
import { sessionDriver } from '../../support/session-driver.js';
import { bootQuiet } from './support/boot-quiet.js';
import { codesOf, examine, mend, only } from './support/examine.js';

const HANDLERS = [consumer('orders', 'stock', () => undefined)];
/** What a doctor may say to a database. */
const READS =
  /^\s*(SELECT|SHOW|EXPLAIN|WITH|DO 0|START TRANSACTION|ROLLBACK|SET LOCAL search_path TO DEFAULT|SET TRANSACTION)\b/i;

describeDatabases('the doctor and the database', (db) => {
  closeAfterEach();

  it('finds nothing where all is well', async () => {
    const node = await bootNode(db, { handlers: HANDLERS });
    await (await node.mq.publish('orders', { payload: 'one' }, OWN)).sent();
    const report = await eventually(async () => {
      const found = await examine(node);
      // A process tells within ten seconds what it consumes.
      return found.notChecked.length === 0 ? found : null;
    });
    expect(report.findings).toEqual([]);
    expect(report.checked.length).toBeGreaterThanOrEqual(20);
  });

  it('says nothing to the database that could change it, and writes in no transaction', async () => {
    const recorder = new RecordingLogger();
    const node = await bootQuiet(db, { dataSourceOptions: { logging: true, logger: recorder } });
    const before = recorder.statements.length;
    expect((await examine(node)).findings).toEqual([]);
    const said = recorder.statements.slice(before).map(({ sql }) => sql);
    expect(said.filter((sql) => sql === 'START TRANSACTION READ ONLY').length).toBeGreaterThan(10);
    expect(said.filter((sql) => !READS.test(sql))).toEqual([]);
  });

  it.each([-5_000, 5_000])('finds that the clock of the process is %d ms off', async (offMs) => {
    const node = await bootQuiet(db);
    const real = Date.now.bind(Date);
    const spy = jest.spyOn(Date, 'now').mockImplementation(() => real() + offMs);
    const report = await examine(node).finally(() => spy.mockRestore());
    const { evidence, what } = only(report, 'clock-offset');
    expect(Math.abs(Number(evidence['offsetMs']) - offMs)).toBeLessThan(4_000);
    expect(what).toContain(offMs < 0 ? 'behind' : 'ahead of');
  });

  it('finds a transaction that somebody has left open, and the line that ends it ends it', async () => {
    const node = await bootQuiet(db);
    const other = await db.connect({ poolSize: 1 });
    const runner = other.createQueryRunner();
    await runner.startTransaction();
    await runner.query(`UPDATE mq_order_stripe SET id = id WHERE id = 0`);
    const [{ id }] = (await runner.query(
      db.family === 'PostgreSQL' ? 'SELECT pg_backend_pid() AS id' : 'SELECT CONNECTION_ID() AS id',
    )) as [{ id: number }];
    const finding = await eventually(
      async () => {
        const { findings } = await examine(node, { openTransaction: '1s' });
        return findings.find(({ code, todo }) => code === 'transaction-left-open' && todo.includes(`${id}`));
      },
      { what: 'the transaction to be found' },
    );
    expect(finding.evidence['openSeconds']).toBeGreaterThanOrEqual(1);
    await mend(db, { ...finding, todo: finding.todo.replace(/^[^:]*: /, '') });
    await eventually(async () => {
      const { findings } = await examine(node, { openTransaction: '1s' });
      return !findings.some(({ code, todo }) => code === 'transaction-left-open' && todo.includes(`${id}`));
    });
    await expect(runner.query('SELECT 1')).rejects.toThrow();
    await runner.release().catch(() => undefined);
  });

  it('finds an isolation level that makes handlers and relay wait', async () => {
    const dataSourceOptions =
      db.family === 'PostgreSQL'
        ? { extra: { options: '-c default_transaction_isolation=serializable' } }
        : { driver: sessionDriver('SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE') };
    const node = await bootQuiet(db, { dataSourceOptions });
    const report = await examine(node);
    expect(codesOf(report)).toEqual(['database-caution']);
    expect(only(report, 'database-caution').what).toMatch(/serializable/i);
  });

  it('finds a pool that is too small for the handlers', async () => {
    const node = await bootNode(db, { handlers: HANDLERS, dataSourceOptions: { poolSize: 4, extra: {} } });
    const { evidence, todo } = only(await examine(node), 'pool-too-small');
    expect(evidence).toEqual({ pool: 4, maxInFlight: 2, groups: ['stock: concurrency 4'] });
    expect(todo).toContain('poolSize: 8');
  });

  it('goes on when the database gives no connection any more, and says so once', async () => {
    const node = await bootQuiet(db, { dataSourceOptions: { poolSize: 3 } });
    const dataSource = node.app.get<DataSource>(getDataSourceToken());
    const taken = Array.from({ length: 3 }, () => dataSource.createQueryRunner());
    await Promise.all(taken.map((runner) => runner.connect()));
    const report = await examine(node, { timeout: '500ms' });
    expect(codesOf(report)).toEqual(['database-unreachable']);
    expect(report.checked).toContain('broker');
    expect(report.notChecked.map(({ check }) => check)).toContain('indexes');
    await Promise.all(taken.map((runner) => runner.release()));
    expect((await examine(node)).findings).toEqual([]);
  });

  it('asks neither database nor broker when it is told to be offline', async () => {
    const node = await bootNode(db, { handlers: HANDLERS, dataSourceOptions: { poolSize: 4 } });
    const inspected = jest.spyOn(node.transport, 'inspect');
    const asked = jest.spyOn(node.dataSource, 'createQueryRunner');
    const report = await examine(node, { offline: true });
    expect(codesOf(report)).toEqual(['pool-too-small']);
    expect(report.checked).toEqual(['pool', 'retention', 'leases', 'wire']);
    expect(inspected).not.toHaveBeenCalled();
    asked.mockRestore();
    expect(new Set(report.notChecked.map(({ why }) => why))).toEqual(new Set(['offline']));
  });
});

describeDatabases(
  'the doctor and settings of PostgreSQL',
  (db) => {
    closeAfterEach();

    it('finds that the planner does not go by the index', async () => {
      const settings = '-c enable_indexscan=off -c enable_indexonlyscan=off -c enable_bitmapscan=off';
      const node = await bootQuiet(db, { dataSourceOptions: { extra: { options: settings } } });
      expect((await examine(node)).findings).toEqual([]);
      await db.query(`INSERT INTO mq_status_log
          (id, status, connection, broker, topic_alias, topic, msg_key, max_attempts, created_at, updated_at, done_at, payload, payload_bytes)
        SELECT '0197-' || n, 'SENT', 'default', 'memory', 'orders', 'shop_orders', 'k', 10, 1, 1, 4000000000000, repeat('x', 200), 200
        FROM generate_series(1, 10000) AS n`);
      const report = await examine(node);
      expect(codesOf(report)).toEqual(['plan-without-index']);
      expect(only(report, 'plan-without-index').evidence).toEqual({ indexes: [], expected: 'mq_ix_due' });
      await db.query('DELETE FROM mq_status_log');
    });

    it('finds what boot refuses, in sessions that were changed since', async () => {
      const node = await bootQuiet(db, { dataSourceOptions: { poolSize: 3 } });
      await inEverySession(node, 'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY');
      expect(only(await examine(node), 'database-settings')).toMatchObject({
        severity: 'error',
        todo: expect.stringContaining('default_transaction_read_only'),
      });
    });

    it('finds that dead rows take more room than the live ones, and a transaction is why', async () => {
      const node = await bootQuiet(db);
      const other = await db.connect({ poolSize: 1 });
      const runner = other.createQueryRunner();
      await runner.startTransaction('REPEATABLE READ');
      await runner.query('SELECT count(*) FROM mq_inbox');
      await db.query(`INSERT INTO mq_inbox (group_id, message_id, token, state, created_at)
        SELECT 'g', n::text, 't', 'HANDLED', 1 FROM generate_series(1, 15000) AS n`);
      await db.query('DELETE FROM mq_inbox');
      const report = await eventually(async () => {
        const found = await examine(node);
        return codesOf(found).includes('dead-rows') ? found : null;
      });
      const finding = only(report, 'dead-rows');
      expect(finding.evidence).toMatchObject({ table: 'mq_inbox' });
      await runner.rollbackTransaction();
      await runner.release();
      await db.query('VACUUM (ANALYZE) mq_inbox');
      await eventually(async () => !codesOf(await examine(node)).includes('dead-rows'));
    });
  },
  ['PostgreSQL'],
);

describeDatabases(
  'the doctor and settings of MySQL and MariaDB',
  (db) => {
    closeAfterEach();

    it('finds that what is too long is cut without a word', async () => {
      const driver = sessionDriver(`SET SESSION sql_mode = REPLACE(@@sql_mode, 'STRICT_TRANS_TABLES', '')`);
      const node = await bootQuiet(db, { dataSourceOptions: { driver } });
      const report = await examine(node);
      expect(codesOf(report)).toEqual(['database-settings']);
      expect(only(report, 'database-settings')).toMatchObject({
        severity: 'warning',
        todo: expect.stringContaining('STRICT_TRANS_TABLES'),
      });
    });

    it.each([
      ['SET NAMES latin1', 'latin1', `charset: 'utf8mb4'`],
      ['SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED', 'READ UNCOMMITTED', 'READ-COMMITTED'],
    ])('finds what boot refuses, in sessions that were changed since: %s', async (statement, what, todo) => {
      const node = await bootQuiet(db, { dataSourceOptions: { poolSize: 3 } });
      await inEverySession(node, statement);
      expect(only(await examine(node), 'database-settings')).toMatchObject({
        severity: 'error',
        what: expect.stringContaining(what),
        todo: expect.stringContaining(todo),
      });
    });
  },
  ['MariaDB', 'MySQL'],
);

async function inEverySession({ dataSource }: Node, statement: string): Promise<void> {
  const runners = Array.from({ length: 3 }, () => dataSource.createQueryRunner());
  await Promise.all(runners.map((runner) => runner.query(statement)));
  await Promise.all(runners.map((runner) => runner.release()));
}
