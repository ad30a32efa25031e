import type { DataSource } from 'typeorm';
import {
  addTransactionalDataSource,
  deleteDataSourceByName,
  initializeTransactionalContext,
  Propagation,
  runInTransaction,
  StorageDriver,
} from 'typeorm-transactional';
import { findAmbientTransactions, TypeOrmTransactionContext } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { connectWithNotes } from './connect-with-notes.js';
import { Note } from './note.entity.js';

initializeTransactionalContext({ storageDriver: StorageDriver.ASYNC_LOCAL_STORAGE });

const contextOf = async (dataSource: DataSource): Promise<TypeOrmTransactionContext> =>
  new TypeOrmTransactionContext(dataSource, await findAmbientTransactions(dataSource, () => []));

describeDatabases('joining typeorm-transactional', (db) => {
  const connectionName = `shop-${db.name}`;
  let dataSource: DataSource;
  let context: TypeOrmTransactionContext;

  beforeAll(async () => {
    dataSource = addTransactionalDataSource({ name: connectionName, dataSource: await connectWithNotes(db) });
    context = await contextOf(dataSource);
  });
  afterAll(() => void deleteDataSourceByName(connectionName));

  it('joins the transaction that the patched repositories work in', async () => {
    await runInTransaction(
      async () => {
        await dataSource.getRepository(Note).insert({ id: 'ambient' });
        const tx = context.find(undefined)?.tx;
        expect(tx).toBe(dataSource.getRepository(Note).manager);
        expect(await tx!.existsBy(Note, { id: 'ambient' })).toBe(true);
      },
      { connectionName },
    );
  });

  it('learns of its end', async () => {
    const ends: string[] = [];
    const transaction = (fail: boolean): Promise<void> =>
      runInTransaction(
        async () => {
          context.find(undefined)!.onEnd((outcome) => void ends.push(outcome));
          if (fail) throw new Error('no');
        },
        { connectionName },
      );
    await transaction(false);
    await expect(transaction(true)).rejects.toThrow('no');
    expect(ends).toEqual(['proven', 'rolled-back']);
  });

  it('finds nothing outside of a transaction', async () => {
    expect(context.find(undefined)).toBeNull();
    await runInTransaction(
      () =>
        runInTransaction(async () => expect(context.find(undefined)).toBeNull(), {
          connectionName,
          propagation: Propagation.NOT_SUPPORTED,
        }),
      { connectionName },
    );
  });

  it('opens its own beside an ambient one that it must not touch', async () => {
    await runInTransaction(
      () =>
        context.own(async ({ tx }) => {
          expect(tx.queryRunner).not.toBe(dataSource.manager.queryRunner);
        }),
      { connectionName },
    );
  });

  it('does not take the transaction of another data source', async () => {
    const plain = await contextOf(await connectWithNotes(db));
    await runInTransaction(async () => expect(plain.find(undefined)).toBeNull(), { connectionName });
  });
});
