import 'reflect-metadata';
import { getDataSourceToken } from '@nestjs/typeorm';
import { MqEvents, MqProducerService, MqStatusLog, type Publication } from 'nestjs-reliable-mq';
import { type MemoryTransport, memoryTransport } from 'nestjs-reliable-mq/testing';
import type { DataSource, EntityManager } from 'typeorm';
import { describeDatabases } from '../support/database.js';
import { bootMq, closeAfterEach } from '../support/mq-app.js';

/**
 * Transactions that TypeORM reports as committed, although the database kept nothing, or not all, of them. Whoever
 * believes the report sends messages that never existed.
 */
describeDatabases('rows that a reported commit did not keep', (db) => {
  closeAfterEach();
  let transport: MemoryTransport;
  let mq: MqProducerService;
  let dataSource: DataSource;
  let vanished: number;

  beforeAll(async () => {
    await db.query('CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)');
    await db.query('INSERT INTO account VALUES (1, 0), (2, 0)');
  });

  beforeEach(async () => {
    transport = memoryTransport({ profile: 'http' });
    const app = await bootMq(db, { transport, topics: { orders: { topic: 'shop_orders' } } }, {});
    mq = app.get(MqProducerService);
    dataSource = app.get<DataSource>(getDataSourceToken());
    vanished = 0;
    app.get(MqEvents).on('commit.vanished', ({ count }) => (vanished += count));
    await db.query('DELETE FROM mq_status_log');
  });

  const publish = (manager: EntityManager, payload: string): Promise<Publication> =>
    mq.publish('orders', { payload }, { manager });

  const neverSent = async (publication: Publication): Promise<void> => {
    await expect(publication.sent()).rejects.toMatchObject({ code: 'MQ_TRANSACTION_ROLLED_BACK' });
    expect(transport.broker.sent).toEqual([]);
    expect(vanished).toBe(1);
    expect(await dataSource.getRepository(MqStatusLog).count()).toBe(0);
  };

  it('a raw ROLLBACK TO behind the back of TypeORM', async () => {
    const publication = await dataSource.transaction(async (manager) => {
      await manager.query('SAVEPOINT before_publishing');
      const staged = await publish(manager, 'undone');
      await manager.query('ROLLBACK TO SAVEPOINT before_publishing');
      return staged;
    });
    await neverSent(publication);
  });

  if (db.name === 'PostgreSQL') {
    it('a unique violation that was caught: the transaction is aborted, and its COMMIT a rollback', async () => {
      const publication = await dataSource.transaction(async (manager) => {
        const staged = await publish(manager, 'aborted');
        await manager.query('INSERT INTO account VALUES (1, 0)').catch(() => undefined);
        return staged;
      });
      await neverSent(publication);
    });
  } else {
    it('a deadlock that was caught: the server has rolled back everything before it', async () => {
      let publication: Publication | undefined;
      const lockOne = async (manager: EntityManager, id: number): Promise<unknown> =>
        manager.query(`UPDATE account SET balance = balance + 1 WHERE id = ${id}`);
      // A transaction that has changed more rows is not chosen as the victim.
      await dataSource.query('CREATE TABLE IF NOT EXISTS ballast (n int)');
      const rival = dataSource.createQueryRunner();
      await rival.startTransaction();
      await rival.query(`INSERT INTO ballast VALUES ${Array.from({ length: 500 }, (_, n) => `(${n})`).join(',')}`);
      await lockOne(rival.manager, 2);

      await dataSource.transaction(async (manager) => {
        publication = await publish(manager, 'victim');
        await lockOne(manager, 1);
        const rivalWaits = lockOne(rival.manager, 1);
        await lockOne(manager, 2).then(
          () => {
            throw new Error('no deadlock came about');
          },
          (error: { code?: string }) => expect(error.code).toBe('ER_LOCK_DEADLOCK'),
        );
        await rivalWaits;
      });
      await rival.rollbackTransaction();
      await rival.release();
      await neverSent(publication!);
    });
  }
});
