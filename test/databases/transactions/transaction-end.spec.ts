import type { DataSource, EntityManager } from 'typeorm';
import { TypeOrmTransactionContext } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { connectWithNotes } from './connect-with-notes.js';
import { Note } from './note.entity.js';
import { killSession, sessionId } from '../../support/server-session.js';

describeDatabases('the end of a transaction', (db) => {
  let dataSource: DataSource;
  let context: TypeOrmTransactionContext;
  let ends: string[];

  beforeAll(async () => {
    dataSource = await connectWithNotes(db);
    context = new TypeOrmTransactionContext(dataSource);
  });
  beforeEach(() => void (ends = []));

  const note = (manager: EntityManager, name = ''): void =>
    context.find(manager)!.onEnd((outcome) => void ends.push(`${name}${outcome}`));

  it('is told once, at the outermost commit, however often savepoints are released', async () => {
    await dataSource.transaction(async (manager) => {
      note(manager);
      await manager.transaction(async (nested) => nested.insert(Note, { id: 'a' }));
      expect(ends).toEqual([]);
    });
    expect(ends).toEqual(['proven']);
  });

  it('is the outermost one also for what was published inside a savepoint that was rolled back', async () => {
    await dataSource.transaction(async (manager) => {
      const nested = manager.transaction(async (inner) => {
        note(inner);
        throw new Error('back to the savepoint');
      });
      await expect(nested).rejects.toThrow('back to the savepoint');
      expect(ends).toEqual([]);
    });
    expect(ends).toEqual(['committed']);
  });

  it('is told as a rollback', async () => {
    const failing = dataSource.transaction(async (manager) => {
      note(manager);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(ends).toEqual(['rolled-back']);
  });

  it('tells each transaction of one query runner apart, and each data source once', async () => {
    new TypeOrmTransactionContext(dataSource);
    const runner = dataSource.createQueryRunner();
    for (const name of ['first ', 'second ']) {
      await runner.startTransaction();
      note(runner.manager, name);
      await runner.commitTransaction();
    }
    await runner.release();
    expect(ends).toEqual(['first proven', 'second proven']);
  });

  it('never fails the transaction, and one listener never another', async () => {
    await dataSource.transaction(async (manager) => {
      context.find(manager)!.onEnd(() => {
        throw new Error('a listener of ours');
      });
      note(manager);
      await manager.insert(Note, { id: 'kept' });
    });
    expect(ends).toEqual(['proven']);
    expect(await dataSource.manager.existsBy(Note, { id: 'kept' })).toBe(true);
  });

  it('asks to look when the transaction was ended by SQL that TypeORM does not know of', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    note(runner.manager);
    await runner.query('ROLLBACK');
    await runner.release();
    expect(ends).toEqual(['committed']);
  });

  it('asks to look when TypeORM rolls back what somebody had ended before', async () => {
    const failing = dataSource.transaction(async (manager) => {
      note(manager);
      await manager.query('SELECT 1');
      await manager.query('COMMIT');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(ends).toEqual(['committed']);
  });

  it('is no end when a query runner is released with its transaction open', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    note(runner.manager);
    await runner.release();
    expect(ends).toEqual(['left-open']);
  });

  it('is unknown when the connection breaks before COMMIT', async () => {
    const failing = dataSource.transaction(async (manager) => {
      note(manager);
      await killSession(db, await sessionId(db, manager));
    });
    await expect(failing).rejects.toThrow();
    expect(ends).toEqual(['unknown']);
  });

  it('is a rollback when the connection breaks and nobody asked for a COMMIT', async () => {
    const failing = dataSource.transaction(async (manager) => {
      note(manager);
      await killSession(db, await sessionId(db, manager));
      throw new Error('and then this');
    });
    await expect(failing).rejects.toThrow('and then this');
    expect(ends).toEqual(['rolled-back']);
  });

  it('is still told after the data source was closed and opened again', async () => {
    const again = await connectWithNotes(db);
    const itsContext = new TypeOrmTransactionContext(again);
    const transaction = (): Promise<void> =>
      again.transaction(async (manager) => itsContext.find(manager)!.onEnd((outcome) => void ends.push(outcome)));
    await transaction();
    await again.destroy();
    await again.initialize();
    await again.transaction(async (manager) => {
      itsContext.find(manager)!.onEnd((outcome) => void ends.push(outcome));
      // Told by the subscriber, and not only by the release that follows it.
      await manager.queryRunner!.commitTransaction();
      expect(ends).toEqual(['proven', 'proven']);
      await manager.queryRunner!.startTransaction();
    });
  });
});
