import { describeDatabases } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { DeliveryBench } from './deliver.js';

/** A statement that outlasts every handler, and what the server is still doing in this database. */
const LONG = { PostgreSQL: 'SELECT pg_sleep(600)', MySQL: "SELECT BENCHMARK(100000000, SHA2('x', 512))" } as const;
const RUNNING = {
  PostgreSQL: `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(600)%'
     AND pid <> pg_backend_pid()`,
  MySQL: `SELECT 1 FROM information_schema.processlist WHERE db = database() AND info LIKE '%BENCHMARK(1000%'
     AND id <> connection_id()`,
} as const;

describeDatabases('handlers whose statements do not end', (db) => {
  let bench: DeliveryBench;
  beforeAll(async () => {
    bench = await DeliveryBench.open(db, { poolSize: 3 });
  });
  const running = async (): Promise<number> => (await db.query(RUNNING[db.family])).length;

  it('leave nothing behind at the server when they are cut off, however many there are', async () => {
    for (let round = 0; round < 4; round++) {
      const cut = Array.from({ length: 3 }, () =>
        bench
          .deliver((manager) => manager.query(LONG[db.family]), { timeoutMs: 300 })
          .catch((error: Error) => error.message),
      );
      expect(await Promise.all(cut)).toEqual(['handler timeout', 'handler timeout', 'handler timeout']);
    }
    await eventually(async () => (await running()) === 0, { what: 'every session at the server ended' });
    expect(await bench.deliver(async () => undefined)).toBe('entered');
  });

  it('leave nothing behind when a sibling fails, and the statements queued behind them do not run', async () => {
    let stray: Promise<unknown>[] = [];
    const delivery = bench.deliver(async (manager) => {
      stray = [LONG[db.family], LONG[db.family]].map((statement) => manager.query(statement).catch(() => undefined));
      await eventually(async () => (await running()) > 0, { what: 'the statement at work' });
      throw new Error('a sibling failed');
    });
    await expect(delivery).rejects.toThrow('a sibling failed');
    await Promise.all(stray);
    await eventually(async () => (await running()) === 0, { what: 'every session at the server ended' });
    expect(await bench.deliver(async () => undefined)).toBe('entered');
  });
});
