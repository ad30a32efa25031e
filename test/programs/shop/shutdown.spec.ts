import { BUILD_TIMEOUT_MS, ensureBuilt } from '../../support/built.js';
import type { TestDatabase } from '../../support/database.js';
import { eventually, eventuallyPasses } from '../../support/eventually.js';
import { ShopProgram } from '../../support/shop-program.js';
import { describeShop } from './support/describe-shop.js';

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

describeShop('shutdown of the shop', (db, broker) => {
  let shop: ShopProgram;

  beforeEach(async () => {
    shop = await ShopProgram.start(db, broker.env);
  });
  afterEach(() => shop.program.kill());

  it('finishes what is in flight at SIGTERM, and ends with 0', async () => {
    const sku = 'in-flight';
    const lock = await lockStock(db, shop, sku);
    const { id } = await shop.place(sku, 2);
    await untilWaiting(db);
    shop.program.signal('SIGTERM');
    await eventuallyPasses(async () => expect((await shop.get('/health').catch(refused)).status).toBe(503), {
      what: 'the shop refusing new requests',
    });
    await lock.release();
    expect(await shop.program.exited).toEqual({ code: 0, signal: null });
    expect(await db.query(`SELECT status FROM orders WHERE id = '${id}'`)).toEqual([{ status: 'reserved' }]);
    if (broker.deliveries) expect(await broker.deliveries('GID_shop_stock')).toEqual({ acked: 2, inFlight: 0 });
  });

  it('does not wait any longer at a second SIGTERM, and ends with 143', async () => {
    const lock = await lockStock(db, shop, 'stuck');
    await shop.place('stuck', 1);
    await untilWaiting(db);
    shop.program.signal('SIGTERM');
    await eventuallyPasses(async () => expect((await shop.get('/health').catch(refused)).status).toBe(503));
    const began = performance.now();
    shop.program.signal('SIGTERM');
    expect(await shop.program.exited).toEqual({ code: 143, signal: null });
    expect(performance.now() - began).toBeLessThan(25_000);
    await lock.release();
  });

  it('is not held up by clients that keep their connections and go on asking', async () => {
    let asking = true;
    const clients = Array.from({ length: 4 }, async () => {
      while (asking) await shop.get('/stock/tea').catch(() => (asking = false));
    });
    await eventually(async () => (await shop.get('/health')).status === 200);
    const began = performance.now();
    expect(await shop.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(25_000);
    asking = false;
    await Promise.all(clients);
  });
});

const refused = (): { status: number } => ({ status: 503 });

/** Holds the row of a sku, so that whoever wants to reserve waits. */
async function lockStock(db: TestDatabase, shop: ShopProgram, sku: string): Promise<{ release(): Promise<void> }> {
  await shop.untilNotified((await shop.place(sku, 1)).id);
  const runner = (await db.connect()).createQueryRunner();
  await runner.startTransaction();
  await runner.query(`UPDATE stock SET reserved = reserved WHERE sku = '${sku}'`);
  return {
    async release() {
      await runner.rollbackTransaction();
      await runner.release();
    },
  };
}

/** Waits until a statement of the shop waits for a lock. */
async function untilWaiting(db: TestDatabase): Promise<void> {
  const waiting =
    db.name === 'PostgreSQL'
      ? `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`
      : `SELECT 1 FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
          WHERE t.trx_state = 'LOCK WAIT' AND p.db = database()`;
  await eventually(async () => (await db.query(waiting)).length > 0, {
    what: 'the stock handler waiting for the lock',
    // InnoDB answers from a cache that it renews only when nobody has asked for 100 ms: asking more often shows the past.
    intervalMs: 250,
  });
}
