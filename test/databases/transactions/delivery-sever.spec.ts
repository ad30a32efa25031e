import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { busyConnections, describeDatabases } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { DeliveryBench } from './deliver.js';
import { Note } from './note.entity.js';

const SLEEP = { PostgreSQL: 'SELECT pg_sleep(4)', MySQL: 'SELECT SLEEP(4)' } as const;

/** One connection: a slot that did not come back would leave the next delivery waiting for ever. */
describeDatabases('a handler that does not come back', (db) => {
  let bench: DeliveryBench;
  beforeAll(async () => void (bench = await DeliveryBench.open(db, { poolSize: 1 })));
  afterEach(() => eventually(() => busyConnections(bench.dataSource) === 0, { what: 'the pool is whole' }));

  const timedOut = (handler: (manager: EntityManager) => Promise<unknown>, messageId: string): Promise<void> =>
    expect(bench.deliver(handler, { messageId, timeoutMs: 50 })).rejects.toThrow('handler timeout');

  it('outside of a query: its transaction is over when the delivery is, and its message can come again at once', async () => {
    const messageId = randomUUID();
    const id = randomUUID();
    await timedOut(async (manager) => {
      await manager.insert(Note, { id });
      await new Promise(() => {});
    }, messageId);
    expect(await bench.notes()).not.toContain(id);
    expect(await bench.deliver(async () => undefined, { messageId })).toBe('entered');
  });

  it('inside of a query: the connection is closed, and the next delivery finds a slot in the pool', async () => {
    const id = randomUUID();
    let query!: Promise<unknown>;
    await timedOut(async (manager) => {
      await manager.insert(Note, { id });
      query = manager.query(SLEEP[db.family]);
      await query;
    }, randomUUID());
    await expect(query).rejects.toThrow();
    expect(await bench.deliver(async () => undefined)).toBe('entered');
    expect(await bench.notes()).not.toContain(id);
  });

  it('goes on, and writes nothing: not in the transaction, not in autocommit, not through what it began before', async () => {
    let goOn!: () => void;
    let late!: Promise<PromiseSettledResult<unknown>[]>;
    await timedOut(async (manager) => {
      const repository = manager.getRepository(Note);
      const builder = manager.createQueryBuilder().insert().into(Note).values({ id: 'late builder' });
      await new Promise<void>((resolve) => void (goOn = resolve));
      late = Promise.allSettled([
        manager.insert(Note, { id: 'late manager' }),
        manager.transaction((nested) => nested.insert(Note, { id: 'late nested' })),
        repository.insert({ id: 'late repository' }),
        builder.execute(),
        manager.query(`INSERT INTO note (id) VALUES ('late query')`),
        manager.queryRunner!.query(`INSERT INTO note (id) VALUES ('late runner')`),
        manager.queryRunner!.commitTransaction(),
      ]);
    }, randomUUID());
    goOn();
    await eventually(() => late !== undefined);
    expect((await late).map(({ status }) => status)).toEqual(Array(7).fill('rejected'));
    await bench.deliver(async () => undefined);
    expect((await bench.notes()).filter((id) => id.startsWith('late'))).toEqual([]);
  });

  it('is in the middle of a write: what had passed the check of TypeORM is not committed either', async () => {
    const ids = Array.from({ length: 5 }, (_, i) => `slipped ${i}`);
    const slipped: Promise<unknown>[] = [];
    const delivery = bench.store.transact({ lockWaitMs: 1_000 }, async (tx) => {
      await tx.enterInbox('GID', randomUUID(), randomUUID());
      for (const id of ids) slipped.push(tx.handle.query(`INSERT INTO note (id) VALUES ('${id}')`));
      tx.sever();
      throw new Error('handler timeout');
    });
    await expect(delivery).rejects.toThrow('handler timeout');
    await Promise.allSettled(slipped);
    await bench.deliver(async () => undefined);
    expect((await bench.notes()).filter((id) => id.startsWith('slipped'))).toEqual([]);
  });

  it('may even return: nothing of it counts', async () => {
    const delivery = bench.store.transact({ lockWaitMs: 1_000 }, async (tx) => {
      await tx.enterInbox('GID', randomUUID(), randomUUID());
      await tx.handle.insert(Note, { id: 'returned too late' });
      tx.sever();
    });
    await expect(delivery).rejects.toMatchObject({ code: 'MQ_HANDLER_TIMEOUT' });
    expect(await bench.notes()).not.toContain('returned too late');
  });

  it('does not keep a data source from being closed', async () => {
    const other = await DeliveryBench.open(db, { poolSize: 1 });
    const delivery = other.deliver((manager) => manager.query(SLEEP[db.family]), { timeoutMs: 50 });
    await expect(delivery).rejects.toThrow('handler timeout');
    await other.dataSource.destroy();
    expect(other.dataSource.isInitialized).toBe(false);
  });
});
