import type { DataSource } from 'typeorm';
import { TypeOrmTransactionContext } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { slowNetwork, type SlowNetwork } from '../../support/slow-network.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';

/** What a client sends and then waits for, counted on the wire: each statement waits for the answer to the one before it. */
describeDatabases('round trips of a transaction that publishes', (db) => {
  let network: SlowNetwork;
  let outbox: TestOutbox;
  let dataSource: DataSource;
  let requests = 0;

  beforeAll(async () => {
    network = await slowNetwork(
      db.url,
      () => 0,
      () => requests++,
    );
    outbox = await openOutbox(db);
  });
  afterAll(() => network.close());

  /** With a connection that nobody has published on yet. */
  beforeEach(async () => {
    dataSource = await db.connect({ url: network.url, poolSize: 1 } as object);
    new TypeOrmTransactionContext(dataSource);
    requests = 0;
  });
  afterEach(() => dataSource.destroy());

  const publish = async (orderingKeys: readonly (string | null)[]): Promise<number> => {
    const before = requests;
    const rows = orderingKeys.map((key) => (key === null ? outbox.bench.row() : outbox.bench.ordered(key)));
    await dataSource.transaction((manager) => outbox.store.stage(manager, rows, outbox.bench.lease()));
    return requests - before;
  };

  test('BEGIN, INSERT, COMMIT: the fence adds none, from the first message on', async () => {
    expect(await publish([null])).toBe(3);
    expect(await publish([null, null, null])).toBe(3);
  });

  test('with ordering keys, one for their locks', async () => {
    expect(await publish(['a', 'b'])).toBe(4);
    expect(await publish(['a', 'c'])).toBe(4);
  });

  test('after an error that was caught, at most one, where the server does not say what became of the transaction', async () => {
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SAVEPOINT here');
    await expect(runner.query('SELECT * FROM nowhere')).rejects.toThrow('nowhere');
    const before = requests;
    if (db.name === 'PostgreSQL') await runner.query('ROLLBACK TO SAVEPOINT here');
    await outbox.store.stage(runner.manager, [outbox.bench.row()], outbox.bench.lease());
    expect(requests - before).toBe(2);
    await runner.commitTransaction();
    await runner.release();
    expect(await publish([null])).toBe(3);
  });
});
