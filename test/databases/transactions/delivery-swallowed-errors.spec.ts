import { randomUUID } from 'node:crypto';
import { useTestDatabase, describeDatabases } from '../../support/database.js';
import { DeliveryBench } from './deliver.js';
import { Note } from './note.entity.js';

describe('a handler that swallows an SQL error (PostgreSQL)', () => {
  const db = useTestDatabase();
  let bench: DeliveryBench;
  beforeAll(async () => void (bench = await DeliveryBench.open(db)));

  it('does not pass for a handled delivery: its COMMIT would be a rollback', async () => {
    const messageId = randomUUID();
    await bench.dataSource.manager.insert(Note, { id: 'taken' });
    const delivery = bench.deliver(
      async (manager) => {
        await manager.insert(Note, { id: 'before' });
        await manager.insert(Note, { id: 'taken' }).catch(() => undefined);
      },
      { messageId },
    );
    await expect(delivery).rejects.toMatchObject({ driverError: { code: '25P02' } });
    expect(await bench.notes()).toEqual(['taken']);
    expect(await bench.inboxRows(messageId)).toBe(0);
  });
});

describeDatabases(
  'a handler that swallows a deadlock',
  (db) => {
    let bench: DeliveryBench;
    beforeAll(async () => void (bench = await DeliveryBench.open(db)));

    it('keeps nothing: neither what it wrote before, which the server rolled back, nor what it wrote after', async () => {
      const { manager } = bench.dataSource;
      await manager.insert(Note, [{ id: 'a' }, { id: 'b' }]);
      const rival = bench.dataSource.createQueryRunner();
      await rival.startTransaction();
      // The server rolls back whoever has changed less.
      await rival.manager.insert(
        Note,
        Array.from({ length: 50 }, (_, i) => ({ id: `rival-${i}` })),
      );
      await rival.manager.update(Note, { id: 'b' }, { text: 'rival' });

      const messageId = randomUUID();
      let swallowed: unknown;
      const result = await bench.deliver(
        async (tx) => {
          await tx.insert(Note, { id: 'before' });
          await tx.update(Note, { id: 'a' }, { text: 'delivery' });
          const crossing = rival.manager.update(Note, { id: 'a' }, { text: 'rival' });
          await tx.update(Note, { id: 'b' }, { text: 'delivery' }).catch((error: unknown) => void (swallowed = error));
          await crossing;
          await tx.insert(Note, { id: 'after' });
        },
        { messageId },
      );
      await rival.rollbackTransaction();
      await rival.release();

      expect(swallowed).toMatchObject({ driverError: { errno: 1213 } });
      expect(result).toBe('lost');
      expect((await bench.notes()).sort()).toEqual(['a', 'b']);
      expect(await bench.inboxRows(messageId)).toBe(0);
    });
  },
  ['MariaDB', 'MySQL'],
);

describeDatabases('reading the inbox row back', (db) => {
  let bench: DeliveryBench;
  beforeAll(async () => void (bench = await DeliveryBench.open(db)));

  it('does not take the row of another instance for its own', async () => {
    const messageId = randomUUID();
    const result = await bench.deliver(
      async (manager) => {
        await manager.query('ROLLBACK');
        await bench.deliver(async () => undefined, { messageId });
      },
      { messageId },
    );
    expect(result).toBe('lost');
    expect(await bench.inboxRows(messageId)).toBe(1);
  });

  it('finds out that the handler ended the transaction itself', async () => {
    const messageId = randomUUID();
    const result = await bench.deliver((manager) => manager.query('ROLLBACK'), { messageId });
    expect(result).toBe('lost');
    expect(await bench.inboxRows(messageId)).toBe(0);
  });

  it('is not enough when a nested transaction was never ended: COMMIT would end that one only', async () => {
    const messageId = randomUUID();
    const delivery = bench.deliver(
      async (manager) => {
        await manager.insert(Note, { id: 'nested' });
        await manager.queryRunner!.startTransaction();
      },
      { messageId },
    );
    await expect(delivery).rejects.toMatchObject({ code: 'MQ_HANDLER_FAILED' });
    expect(await bench.notes()).not.toContain('nested');
    expect(await bench.inboxRows(messageId)).toBe(0);
  });
});
