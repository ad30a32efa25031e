import type { DataSource, EntityManager } from 'typeorm';
import { TypeOrmTransactionContext } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { connectWithNotes } from './connect-with-notes.js';
import { Note } from './note.entity.js';

describeDatabases('joining a transaction', (db) => {
  let dataSource: DataSource;
  let context: TypeOrmTransactionContext;

  beforeAll(async () => {
    dataSource = await connectWithNotes(db);
    context = new TypeOrmTransactionContext(dataSource);
  });

  const codeOf = (manager: EntityManager): unknown => {
    try {
      context.find(manager);
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
    return 'joined';
  };

  it('finds nothing where there is nothing', () => {
    expect(context.find(undefined)).toBeNull();
  });

  it('joins the given manager, also inside a savepoint', async () => {
    await dataSource.transaction(async (manager) => {
      expect(context.find(manager)?.tx).toBe(manager);
      await manager.transaction(async (nested) => {
        expect(context.find(nested)?.tx.queryRunner).toBe(manager.queryRunner);
      });
      expect(context.find(manager)?.tx).toBe(manager);
    });
  });

  it('refuses a manager without a transaction', async () => {
    expect(codeOf(dataSource.manager)).toBe('MQ_TRANSACTION_REQUIRED');
    const runner = dataSource.createQueryRunner();
    try {
      expect(codeOf(runner.manager)).toBe('MQ_TRANSACTION_REQUIRED');
    } finally {
      await runner.release();
    }
  });

  it('refuses a transaction that raw SQL began, because nobody would hear of its end', async () => {
    const runner = dataSource.createQueryRunner();
    try {
      await runner.query('BEGIN');
      expect(codeOf(runner.manager)).toBe('MQ_TRANSACTION_REQUIRED');
      await runner.query('ROLLBACK');
    } finally {
      await runner.release();
    }
  });

  it('refuses the manager of a transaction that is over', async () => {
    let kept!: EntityManager;
    await dataSource.transaction(async (manager) => void (kept = manager));
    expect(codeOf(kept)).toBe('MQ_TRANSACTION_MISMATCH');
  });

  it('refuses the manager of a released query runner, even if TypeORM takes its transaction for open', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('ROLLBACK');
    await runner.release();
    expect(runner.isTransactionActive).toBe(true);
    expect(codeOf(runner.manager)).toBe('MQ_TRANSACTION_MISMATCH');
  });

  it('refuses the manager of another data source, even of the same database', async () => {
    const other = await connectWithNotes(db);
    await other.transaction(async (manager) => {
      expect(codeOf(manager)).toBe('MQ_TRANSACTION_MISMATCH');
    });
  });

  it('opens a transaction of its own, which commits with its work and rolls back with it', async () => {
    await context.own(async ({ tx }) => tx.insert(Note, { id: 'own-kept' }));
    const failure = new Error('no');
    await expect(
      context.own(async ({ tx }) => {
        await tx.insert(Note, { id: 'own-lost' });
        throw failure;
      }),
    ).rejects.toBe(failure);
    const ids = (await dataSource.manager.find(Note)).map((note) => note.id);
    expect(ids).toContain('own-kept');
    expect(ids).not.toContain('own-lost');
  });

  it('opens its own on a connection of its own, beside the transaction of the caller', async () => {
    await dataSource.transaction(async (manager) => {
      await context.own(async ({ tx }) => {
        expect(tx.queryRunner).not.toBe(manager.queryRunner);
      });
    });
  });
});
