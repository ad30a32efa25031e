import { randomUUID } from 'node:crypto';
import { getMqEntities, MqErrorLog, MqInbox, MqStatusLog } from 'nestjs-reliable-mq/typeorm';
import { describeDatabases } from '../../support/database.js';
import { openOutbox, type TestOutbox } from '../../support/outbox/open-outbox.js';

describeDatabases('tables', (db) => {
  let outbox: TestOutbox;

  beforeAll(async () => {
    outbox = await openOutbox(db);
  });
  beforeEach(() => outbox.clear());

  const impossible = {
    'a status that nobody knows': `status = 'LOST'`,
    'unfinished and due never': `due_at = NULL`,
    'leased under no token': `status = 'SENDING'`,
    'a token without a lease': `lease_token = 't'`,
    'unfinished and done': `done_at = 1`,
    'accepted and due never': `status = 'ACCEPTED', due_at = NULL`,
    'finished and due': `status = 'SENT', done_at = 1`,
    'finished never': `status = 'DEAD', due_at = NULL`,
  };

  test.each(Object.entries(impossible))('refuse a row that is %s', async (_what, change) => {
    const [id] = await outbox.bench.publish([outbox.bench.row()]);
    await expect(db.query(`UPDATE mq_status_log SET ${change} WHERE id = '${id}'`)).rejects.toThrow(
      /check|constraint/i,
    );
    expect(await outbox.bench.status(id!)).toBe('PENDING');
  });

  test('tell ids apart by case, accents and blanks at the end', async () => {
    const insert = (id: string): Promise<unknown> =>
      db.query(`INSERT INTO mq_inbox VALUES ('GID', '${id}', '${randomUUID()}', 'HANDLED', 1, NULL)`);
    const ids = ['abc', 'ABC', 'abc ', 'äbc', 'abc\u0000'.replace('\u0000', '\u0301'), 'a\u0308bc'];
    for (const id of ids) await insert(id);
    for (const id of ids) await expect(insert(id)).rejects.toThrow(/duplicate/i);
    expect((await db.query('SELECT message_id FROM mq_inbox')).length).toBe(ids.length);
  });

  test('refuse an id that is too long, instead of cutting it', async () => {
    const long = 'x'.repeat(256);
    await expect(db.query(`INSERT INTO mq_inbox VALUES ('GID', '${long}', 't', 'HANDLED', 1, NULL)`)).rejects.toThrow(
      /too long/i,
    );
  });

  test('read as entities, with dates and whole texts', async () => {
    const row = outbox.bench.row({
      deliver: { at: 1_700_000_000_123 },
      headers: '{"a":"b"}',
      settleGroup: 'g',
      settleWithinMs: 5,
    });
    await outbox.bench.publish([row]);
    const found = await outbox.dataSource
      .getRepository(MqStatusLog)
      .findOneByOrFail({ status: 'PENDING', key: row.key });
    expect(found).toBeInstanceOf(MqStatusLog);
    expect(found).toMatchObject({
      id: row.id,
      deliverAt: new Date(1_700_000_000_123),
      settleWithinMs: 5,
      startedCount: 0,
      deferred: false,
      doneAt: null,
    });
    expect(found.seq).toMatch(/^\d+$/);
    expect(Math.abs(found.createdAt.getTime() - Date.now())).toBeLessThan(60_000);

    await outbox.store.recordErrors([outbox.bench.error(row.id)]);
    const error = await outbox.dataSource.getRepository(MqErrorLog).findOneByOrFail({ messageId: row.id });
    expect(error).toMatchObject({ parked: true, resolvedAt: null, retainFrom: null, errorCode: 'MQ_BROKER_REJECTED' });
    await db.query(`INSERT INTO mq_inbox VALUES ('GID', 'm', 't', 'HANDLED', 1700000000123, 281474976710655)`);
    expect(await outbox.dataSource.getRepository(MqInbox).find()).toEqual([
      {
        groupId: 'GID',
        messageId: 'm',
        token: 't',
        state: 'HANDLED',
        createdAt: new Date(1_700_000_000_123),
        bodyDigest: 281_474_976_710_655,
      },
    ]);
  });

  test('are left alone by synchronization', async () => {
    const [id] = await outbox.bench.publish([outbox.bench.row()]);
    const dataSource = await db.connect({
      entities: [...getMqEntities(), ...getMqEntities('billing')],
      synchronize: true,
    });
    expect(await outbox.bench.status(id!)).toBe('PENDING');
    expect(dataSource.getMetadata(getMqEntities('billing')[0]).tableName).toBe('mq_billing_status_log');
    expect(dataSource.getMetadata(getMqEntities('billing')[0]).columns.length).toBe(
      dataSource.getMetadata(MqStatusLog).columns.length,
    );
    await dataSource.destroy();
  });
});
