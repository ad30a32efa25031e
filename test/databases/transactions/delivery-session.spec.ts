import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { describeDatabases, type TestDatabase } from '../../support/database.js';
import { DeliveryBench } from './deliver.js';
import { eventually } from '../../support/eventually.js';
import { Note } from './note.entity.js';
import { killSession, sessionId } from '../../support/server-session.js';

const SETTINGS = {
  PostgreSQL: `SELECT current_setting('lock_timeout') AS lock_wait, current_setting('transaction_isolation') AS isolation`,
  MariaDB: 'SELECT @@innodb_lock_wait_timeout AS lock_wait, @@autocommit AS autocommit, @@tx_isolation AS isolation',
  MySQL:
    'SELECT @@innodb_lock_wait_timeout AS lock_wait, @@autocommit AS autocommit, @@transaction_isolation AS isolation',
} as const;

const settings = async (db: TestDatabase, manager: EntityManager): Promise<Record<string, string>> => {
  const [row] = (await manager.query(SETTINGS[db.name])) as [Record<string, unknown>];
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)]));
};

/** One connection: whatever a delivery leaves behind, the next user of the pool finds it. */
describeDatabases('the connection of a delivery', (db) => {
  let bench: DeliveryBench;
  let before: Record<string, string>;

  beforeAll(async () => {
    bench = await DeliveryBench.open(db, { poolSize: 1 });
    const own = { PostgreSQL: `SET lock_timeout = '7s'`, MySQL: 'SET innodb_lock_wait_timeout = 7' }[db.family];
    await bench.dataSource.query(own);
    before = await settings(db, bench.dataSource.manager);
  });

  it('runs the handler under the limits and the isolation of the user', async () => {
    const inside = await new Promise<Record<string, string>>((resolve, reject) => {
      bench.deliver(async (manager) => resolve(await settings(db, manager))).catch(reject);
    });
    expect(inside).toEqual({ ...before, ...(db.family === 'MySQL' ? { autocommit: '0' } : {}) });
  });

  it.each([
    ['a commit', async () => undefined],
    ['a rollback', () => Promise.reject(new Error('no'))],
  ] as [string, () => Promise<undefined>][])('goes back to the pool as it came, after %s', async (_, handler) => {
    const session = await sessionId(db, bench.dataSource.manager);
    await bench.deliver(handler).catch(() => undefined);
    expect(await settings(db, bench.dataSource.manager)).toEqual(before);
    expect(await sessionId(db, bench.dataSource.manager)).toBe(session);
  });

  it('waits for a copy as long as the delivery can, and not as long as the user says', async () => {
    const patient = await DeliveryBench.open(db, { poolSize: 1 });
    const hours = { PostgreSQL: `SET lock_timeout = '3h'`, MySQL: 'SET innodb_lock_wait_timeout = 10800' }[db.family];
    await patient.dataSource.query(hours);
    const messageId = randomUUID();
    await bench.deliver(
      async () => {
        const copy = patient.deliver(async () => undefined, { messageId, lockWaitMs: 1_000 });
        let ended: unknown = null;
        copy.catch((error: unknown) => (ended = error));
        await eventually(() => ended !== null, { what: 'the end of the wait' });
        expect(ended).toMatchObject({ name: 'InboxContention' });
      },
      { messageId },
    );
  });

  it('goes back to the pool as it came, after a wait for a copy that was too long', async () => {
    const messageId = randomUUID();
    const other = await DeliveryBench.open(db);
    await other.deliver(
      async () => {
        const copy = bench.deliver(async () => undefined, { messageId, lockWaitMs: 1_000 });
        await expect(copy).rejects.toMatchObject({ name: 'InboxContention' });
      },
      { messageId },
    );
    expect(await settings(db, bench.dataSource.manager)).toEqual(before);
  });

  it('keeps what a failed handler left running out of the database', async () => {
    const writes: Promise<unknown>[] = [];
    const delivery = bench.deliver(async (manager) => {
      const keepWriting = async (): Promise<void> => {
        for (let i = 0; i < 20; i++) await manager.insert(Note, { id: `${db.name} stray ${i}` });
      };
      writes.push(keepWriting());
      await manager.query('SELECT 1');
      throw new Error('no');
    });
    await expect(delivery).rejects.toThrow('no');
    await expect(writes[0]).rejects.toThrow();
    expect((await bench.notes()).filter((id) => id.includes('stray'))).toEqual([]);
  });

  it('may break in the handler: the delivery fails, and the pool has its slot back', async () => {
    const messageId = randomUUID();
    const delivery = bench.deliver(
      async (manager) => {
        await killSession(db, await sessionId(db, manager));
        await manager.insert(Note, { id: randomUUID() });
      },
      { messageId },
    );
    await expect(delivery).rejects.toThrow();
    expect(await bench.deliver(async () => undefined, { messageId })).toBe('entered');
  });

  it('may break at COMMIT: the delivery is not taken for handled, and the inbox tells the next one', async () => {
    const [messageId, token] = [randomUUID(), randomUUID()];
    const delivery = bench.store.transact({ lockWaitMs: 1_000 }, async (tx) => {
      await tx.enterInbox('GID', messageId, token);
      await tx.handle.insert(Note, { id: 'commit lost' });
      const session = await sessionId(db, tx.handle);
      expect(await tx.markHandled('GID', messageId, token)).toBe(true);
      await killSession(db, session);
    });
    await expect(delivery).rejects.toThrow();
    expect(await bench.notes()).not.toContain('commit lost');
    expect(await bench.deliver(async () => undefined, { messageId })).toBe('entered');
  });
});

describeDatabases(
  'the connection of a delivery whose settings cannot be restored',
  (db) => {
    it('is closed and not given back', async () => {
      const bench = await DeliveryBench.open(db, { poolSize: 1 });
      const session = await sessionId(db, bench.dataSource.manager);
      await bench.deliver((manager) => manager.query(`SET @mq_autocommit = 'nonsense'`));
      expect(await sessionId(db, bench.dataSource.manager)).not.toBe(session);
      expect(await settings(db, bench.dataSource.manager)).toMatchObject({ autocommit: '1' });
    });
  },
  ['MariaDB', 'MySQL'],
);
