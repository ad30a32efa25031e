import {
  addTransactionalDataSource,
  deleteDataSourceByName,
  initializeTransactionalContext,
  runInTransaction,
  runOnTransactionCommit,
  runOnTransactionRollback,
  StorageDriver,
} from 'typeorm-transactional';
import { describeDatabases } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { gate } from '../../support/node/consumer.js';
import { DeliveryBench } from './deliver.js';
import { Note } from './note.entity.js';

initializeTransactionalContext({ storageDriver: StorageDriver.ASYNC_LOCAL_STORAGE });

describeDatabases('a handler that calls services under typeorm-transactional', (db) => {
  const connectionName = `shop-${db.name}`;
  let bench: DeliveryBench;

  beforeAll(async () => {
    const { dataSource } = await DeliveryBench.open(db);
    addTransactionalDataSource({ name: connectionName, dataSource });
    bench = await DeliveryBench.on(db, dataSource);
  });
  afterAll(() => void deleteDataSourceByName(connectionName));

  const decorated = (id: string): Promise<unknown> => runInTransaction(() => plain(id), { connectionName });
  const plain = (id: string): Promise<unknown> => bench.dataSource.getRepository(Note).insert({ id });

  it('has them in the transaction of the delivery', async () => {
    const { context } = bench;
    await bench.deliver(async (manager) => {
      await decorated('kept decorated');
      await plain('kept plain');
      expect(await manager.countBy(Note, [{ id: 'kept decorated' }, { id: 'kept plain' }])).toBe(2);
      expect(context.find(undefined)?.tx).toBe(manager);
    });
    expect(await bench.notes()).toEqual(expect.arrayContaining(['kept decorated', 'kept plain']));
  });

  it('takes their effects back when it throws', async () => {
    const failing = bench.deliver(async () => {
      await decorated('lost decorated');
      await plain('lost plain');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await bench.notes()).filter((id) => id.startsWith('lost'))).toEqual([]);
  });

  it('has the hooks of the library called', async () => {
    const calls: string[] = [];
    const handler = async (): Promise<void> => {
      runOnTransactionCommit(() => void calls.push('committed'));
      runOnTransactionRollback(() => void calls.push('rolled back'));
    };
    await bench.deliver(handler);
    await eventually(() => calls.length === 1);
    await expect(bench.deliver(() => handler().then(() => Promise.reject(new Error('no'))))).rejects.toThrow('no');
    await eventually(() => calls.length === 2);
    expect(calls).toEqual(['committed', 'rolled back']);
  });

  it('keeps them out of the database after it was cut off', async () => {
    const { open, pass } = gate();
    let late!: Promise<PromiseSettledResult<unknown>[]>;
    const severed = bench.deliver(
      async () => {
        await pass;
        late = Promise.allSettled([decorated('late decorated'), plain('late plain')]);
      },
      { timeoutMs: 20 },
    );
    await expect(severed).rejects.toThrow('handler timeout');
    open();
    await eventually(() => late !== undefined);
    expect((await late).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await bench.notes()).filter((id) => id.startsWith('late'))).toEqual([]);
  });
});
