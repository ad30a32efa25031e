import type { DataSource, QueryRunner } from 'typeorm';
import { HeldConnections } from '../../../../libs/mq/src/typeorm/connection/held-connections.js';
import { TransactionStarts } from '../../../../libs/mq/src/typeorm/connection/transaction-starts.js';
import { describeDatabases } from '../../../support/database.js';

describeDatabases('a transaction that another library opens for this one', (db) => {
  let dataSource: DataSource;
  let held: HeldConnections;
  let beganWith: number[];

  beforeAll(async () => {
    dataSource = await db.connect();
    const starts = TransactionStarts.of(dataSource);
    // TypeORM calls all of them at once, and sends BEGIN when both have resolved.
    dataSource.subscribers.push({
      beforeTransactionStart: async ({ queryRunner }: { queryRunner: QueryRunner }) => {
        await queryRunner.connect();
        await new Promise(setImmediate);
        beganWith.push(held.count);
      },
    });
    expect(dataSource.subscribers[0]).toBe(starts);
  });
  beforeEach(() => {
    held = new HeldConnections(dataSource);
    beganWith = [];
  });
  const open = <T>(work: () => Promise<T>): Promise<T> =>
    TransactionStarts.of(dataSource).open(held, () => dataSource.transaction(work));

  it('is on the list of connections to give up, from before its BEGIN until it has ended', async () => {
    expect(await open(async () => held.count)).toBe(1);
    expect(beganWith).toEqual([1]);
    expect(held.count).toBe(0);
  });

  it('is off the list after it failed', async () => {
    await expect(open(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(held.count).toBe(0);
  });

  it('is the only one: what its work opens is somebody else’s', async () => {
    await open(() => dataSource.transaction(async () => undefined));
    expect(beganWith).toEqual([1, 1]);
    expect(held.count).toBe(0);
  });
});
