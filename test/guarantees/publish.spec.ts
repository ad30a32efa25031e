import 'reflect-metadata';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { TestingModule } from '@nestjs/testing';
import { MqError, MqEvents, MqProducerService, MqStatusLog } from 'nestjs-reliable-mq';
import { TransportError } from 'nestjs-reliable-mq/spi';
import { type MemoryTransport, memoryTransport } from 'nestjs-reliable-mq/testing';
import type { DataSource } from 'typeorm';
import { describeDatabases } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { bootMq, closeAfterEach } from '../support/mq-app.js';

const OWN = { transaction: 'own' } as const;

describeDatabases('publishing', (db) => {
  closeAfterEach();
  let transport: MemoryTransport;

  const boot = async (
    more: object = {},
    dataSource: object = {},
  ): Promise<{ app: TestingModule; mq: MqProducerService; dataSource: DataSource }> => {
    transport = memoryTransport({ profile: 'http' });
    const topics = { orders: { topic: 'shop_orders' }, ledger: { topic: 'shop_ledger', ordered: true } };
    const app = await bootMq(db, { transport, topics, ...more }, {}, dataSource);
    return { app, mq: app.get(MqProducerService), dataSource: app.get<DataSource>(getDataSourceToken()) };
  };
  const bodies = (): unknown[] => transport.broker.sent.map(({ body }) => JSON.parse(String(body)) as unknown);
  const rows = (dataSource: DataSource): Promise<MqStatusLog[]> => dataSource.getRepository(MqStatusLog).find();
  const nothingUnfinished = (dataSource: DataSource): Promise<unknown> =>
    eventually(async () => (await rows(dataSource)).every(({ dueAt }) => dueAt === null), {
      what: 'everything finished',
    });

  beforeEach(async () => {
    await db.query('DELETE FROM mq_status_log').catch(() => undefined);
    await db.query('DELETE FROM mq_error_log').catch(() => undefined);
  });

  it('sends after the commit, and not before', async () => {
    const { mq, dataSource } = await boot();
    const publication = await dataSource.transaction(async (manager) => {
      const staged = await mq.publish('orders', { payload: 'in the transaction' }, { manager });
      await expect(staged.sent()).rejects.toMatchObject({ code: 'MQ_TRANSACTION_OPEN' });
      expect(bodies()).toEqual([]);
      return staged;
    });
    expect(await publication.sent()).toMatchObject([{ status: 'sent', brokerMessageId: expect.any(String) as string }]);
    // As a controller does that returns it.
    expect(JSON.parse(JSON.stringify(publication))).toEqual({ messages: publication.messages });
    expect(bodies()).toEqual(['in the transaction']);
    await nothingUnfinished(dataSource);
  });

  it('never sends what was rolled back', async () => {
    const { mq, dataSource } = await boot();
    const staged: Awaited<ReturnType<typeof mq.publish>>[] = [];
    await dataSource
      .transaction(async (manager) => {
        staged.push(await mq.publish('orders', { payload: 'gone' }, { manager }));
        throw new Error('changed my mind');
      })
      .catch(() => undefined);
    await expect(staged[0]!.sent()).rejects.toMatchObject({ code: 'MQ_TRANSACTION_ROLLED_BACK' });
    await (await mq.publish('orders', { payload: 'kept' }, OWN)).sent();
    expect(bodies()).toEqual(['kept']);
  });

  it('does not send from a savepoint that was rolled back', async () => {
    const { mq, dataSource } = await boot();
    const lost = await dataSource.transaction(async (manager) => {
      await mq.publish('orders', { payload: 'outer' }, { manager });
      const inner = { publication: null as Awaited<ReturnType<typeof mq.publish>> | null };
      await manager
        .transaction(async (nested) => {
          inner.publication = await mq.publish('orders', { payload: 'inner' }, { manager: nested });
          throw new Error('only this part');
        })
        .catch(() => undefined);
      return inner.publication!;
    });
    await expect(lost.sent()).rejects.toMatchObject({ code: 'MQ_TRANSACTION_ROLLED_BACK' });
    await nothingUnfinished(dataSource);
    expect(bodies()).toEqual(['outer']);
  });

  it('believes the table and not the commit: a transaction that the database rolled back is never sent', async () => {
    const { app, mq, dataSource } = await boot();
    const vanished: number[] = [];
    app.get(MqEvents).on('commit.vanished', ({ count }) => vanished.push(count));
    await dataSource.query('CREATE TABLE vanishing (id int PRIMARY KEY)');
    const publication = await dataSource.transaction(async (manager) => {
      const staged = await mq.publish('orders', { payload: 'never was' }, { manager });
      // What a swallowed error leaves behind on PostgreSQL, and a deadlock on MariaDB: COMMIT succeeds, and nothing is there.
      await manager.query('ROLLBACK');
      return staged;
    });
    await expect(publication.sent()).rejects.toMatchObject({ code: 'MQ_TRANSACTION_ROLLED_BACK' });
    expect(vanished).toEqual([1]);
    expect(bodies()).toEqual([]);
    await dataSource.query('DROP TABLE vanishing');
  });

  it('wants a transaction, and takes its own only when told to', async () => {
    const { mq } = await boot();
    await expect(mq.publish('orders', { payload: 1 })).rejects.toMatchObject({ code: 'MQ_TRANSACTION_REQUIRED' });
    await expect(mq.publish('nowhere', { payload: 1 }, OWN)).rejects.toMatchObject({ code: 'MQ_UNKNOWN_TOPIC' });
    expect(bodies()).toEqual([]);
  });

  it('sends several messages to several topics in one statement', async () => {
    const { mq, dataSource } = await boot();
    const publication = await mq.publishAll(
      [
        { topic: 'orders', payload: 1, key: 'a' },
        { topic: 'ledger', payload: 2, orderingKey: 'k' },
        { topic: 'orders', payload: 3 },
      ],
      OWN,
    );
    expect((await publication.sent()).map(({ status }) => status)).toEqual(['sent', 'sent', 'sent']);
    expect(publication.messages.map(({ topic }) => topic)).toEqual(['orders', 'ledger', 'orders']);
    expect(publication.messages[0]!.key).toBe('a');
    expect(new Set(bodies())).toEqual(new Set([1, 2, 3]));
    await nothingUnfinished(dataSource);
  });

  it('never fails the caller because the broker is down, and sends when it is back', async () => {
    const { mq, dataSource } = await boot();
    transport.broker.failNextSends(new TransportError('unavailable', 'connection refused'), { times: 3 });
    const publication = await mq.publish('orders', { payload: 'late' }, OWN);
    const [outcome] = await publication.sent();
    expect(outcome).toMatchObject({ status: 'pending' });
    expect((outcome as { error: MqError }).error.code).toBe('MQ_BROKER_UNAVAILABLE');
    await nothingUnfinished(dataSource);
    expect(bodies()).toEqual(['late']);
    const [row] = await rows(dataSource);
    // An outage is not the message's fault.
    expect(row).toMatchObject({ status: 'SENT', failedCount: 0 });
  });

  it('counts an unknown outcome, and sends again', async () => {
    const { mq, dataSource } = await boot({ reproduce: { backoff: { base: 1, cap: 1 } } });
    transport.broker.failNextSends(new TransportError('unknown', 'reset'), { times: 2 });
    await mq.publish('orders', { payload: 'again' }, OWN);
    await nothingUnfinished(dataSource);
    const [row] = await rows(dataSource);
    expect(row).toMatchObject({ status: 'SENT', failedCount: 2, startedCount: 3 });
    expect(await db.query(`SELECT error_code FROM mq_error_log WHERE message_id = '${row!.id}'`)).toHaveLength(2);
  });

  it('parks what the broker will never take, at once and with the reason', async () => {
    const { mq, dataSource } = await boot();
    transport.broker.failNextSends(new TransportError('invalid', 'InvalidArgument'), { times: 1 });
    const publication = await mq.publish('orders', { payload: 'poison' }, OWN);
    expect(await publication.sent()).toMatchObject([{ status: 'dead' }]);
    const [row] = await rows(dataSource);
    expect(row).toMatchObject({ status: 'DEAD', dueAt: null, lastErrorCode: 'MQ_BROKER_REJECTED' });
    expect(await db.query(`SELECT 1 FROM mq_error_log WHERE message_id = '${row!.id}' AND parked`)).toHaveLength(1);
  });

  it('parks after maxAttempts', async () => {
    const { mq, dataSource } = await boot({ reproduce: { maxAttempts: 3, backoff: { base: 1, cap: 1 } } });
    transport.broker.failNextSends(new TransportError('unknown', 'reset'), { times: 100 });
    await mq.publish('orders', { payload: 'hopeless' }, OWN);
    await nothingUnfinished(dataSource);
    const [row] = await rows(dataSource);
    expect(row).toMatchObject({ status: 'DEAD', failedCount: 3 });
  });

  it('finds with the relay what the process that published never sent', async () => {
    const { mq, dataSource, app } = await boot();
    await mq.publish('orders', { payload: 'first' }, OWN).then((publication) => publication.sent());
    await app.close();
    // As a process leaves it that died between COMMIT and send: leased, and the lease is over.
    await db.query(
      `UPDATE mq_status_log SET status = 'SENDING', lease_token = 'somebody', due_at = 1, done_at = NULL, broker_message_id = NULL`,
    );
    const again = await boot();
    await nothingUnfinished(again.dataSource);
    expect(bodies()).toEqual(['first']);
    void dataSource;
  });

  it('keeps the order of commits for each key, also when sends fail in between', async () => {
    const { mq, dataSource } = await boot({ reproduce: { backoff: { base: 20, cap: 20 } } });
    for (let n = 0; n < 30; n++) {
      if (n % 7 === 3) transport.broker.failNextSends(new TransportError('unknown', 'reset'), { times: 1 });
      await mq.publish('ledger', { payload: { key: n % 2, n }, orderingKey: n % 2 }, OWN);
    }
    await nothingUnfinished(dataSource);
    const sent = bodies() as { key: number; n: number }[];
    for (const key of [0, 1]) {
      const ofKey = sent.filter((body) => body.key === key).map(({ n }) => n);
      expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
      expect(ofKey).toHaveLength(15);
    }
  });

  it('lets a dead head block its key, or not, as configured', async () => {
    const run = async (onDeadKey: 'block' | 'skip'): Promise<unknown[]> => {
      const { app, mq, dataSource } = await boot({ reproduce: { onDeadKey } });
      transport.broker.failNextSends(new TransportError('invalid', 'no'), { times: 1 });
      for (const n of [1, 2, 3]) await mq.publish('ledger', { payload: n, orderingKey: 'k' }, OWN);
      await mq
        .publish('ledger', { payload: 'other key', orderingKey: 'l' }, OWN)
        .then((publication) => publication.sent());
      if (onDeadKey === 'skip') await nothingUnfinished(dataSource);
      const sent = bodies();
      await app.close();
      await db.query('DELETE FROM mq_status_log');
      return sent;
    };
    expect(await run('block')).toEqual(['other key']);
    expect((await run('skip')).filter((body) => typeof body === 'number')).toEqual([2, 3]);
  });

  it('holds in the outbox what the broker could not hold that long', async () => {
    const { mq, dataSource } = await boot();
    const horizon = transport.capabilities.limits.delayMs;
    const publication = await mq.publish('orders', { payload: 'next year', delay: horizon * 2 }, OWN);
    expect(await publication.sent()).toMatchObject([{ status: 'pending' }]);
    const [row] = await rows(dataSource);
    expect(row).toMatchObject({ status: 'PENDING', leaseToken: null });
    expect(bodies()).toEqual([]);
  });

  it('refuses what the wire cannot carry while the caller can still react', async () => {
    const { mq, dataSource } = await boot();
    await expect(
      dataSource.transaction((manager) => mq.publish('orders', { payload: 'x'.repeat(5 * 1024 * 1024) }, { manager })),
    ).rejects.toMatchObject({ code: 'MQ_PAYLOAD_TOO_LARGE' });
    expect(await rows(dataSource)).toEqual([]);
  });
});
