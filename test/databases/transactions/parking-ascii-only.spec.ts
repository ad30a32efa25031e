import { randomUUID } from 'node:crypto';
import type { ErrorEntry } from 'nestjs-reliable-mq/spi';
import { runMqMigrations, TypeOrmDeliveryStore } from 'nestjs-reliable-mq/typeorm';
import { DataSource } from 'typeorm';
import { type TestDatabase, useTestDatabase } from '../../support/database.js';

describe('a message that the encoding of the database cannot write (PostgreSQL)', () => {
  const db = useTestDatabase();
  const database = `mq_latin1_${randomUUID().slice(0, 8)}`;
  // Of a block of its own, so that its database goes before the connection that drops it.
  describe('in LATIN1', () => tests(db, database));
});

function tests(db: TestDatabase, database: string): void {
  let dataSource: DataSource;
  let store: TypeOrmDeliveryStore;

  beforeAll(async () => {
    await db.query(`CREATE DATABASE ${database} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
    const url = new URL(db.url);
    url.pathname = `/${database}`;
    dataSource = await new DataSource({ type: 'postgres', url: url.href }).initialize();
    await runMqMigrations(dataSource);
    store = TypeOrmDeliveryStore.create(dataSource);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await db.query(`DROP DATABASE ${database} WITH (FORCE)`);
  });

  const entry = (messageId: string, parked: boolean): ErrorEntry => ({
    direction: 'CONSUME',
    messageId,
    topicAlias: 'orders',
    tag: null,
    key: '订单',
    group: 'stock',
    groupId: 'GID',
    attempt: 1,
    parked,
    errorClass: 'Error',
    errorCode: 'MQ_HANDLER_FAILED',
    message: '没有库存',
    stack: null,
    payload: parked ? '{"商品":"茶"}' : null,
    payloadEncoding: null,
    headers: '{"备注":"快"}',
    trace: null,
    correlationId: null,
    causationId: null,
    orderingKey: null,
    brokerMessageId: 'B1',
    publishedAt: 9.2e21,
    instance: 'test',
  });

  it('is parked all the same, its payload whole, and known again', async () => {
    const options = { inbox: true, awaited: null, digest: 1 };
    expect(await store.park(entry('订单/7', true), options)).toBe('written');
    expect(await store.park(entry('订单/7', true), options)).toBe('parked');
    const [row] = (await dataSource.query('SELECT * FROM mq_error_log')) as [Record<string, string>];
    expect(row).toMatchObject({ payload_encoding: 'base64', msg_key: '??', published_at: null });
    expect(Buffer.from(row['payload']!, 'base64').toString()).toBe('{"商品":"茶"}');
    expect(JSON.parse(row['headers']!)).toEqual({ 备注: '快' });
    expect(row['message_id']).toMatch(/^sha256:/);
  });

  it('has its failures recorded', async () => {
    await store.recordFailure(entry('plain', false));
    expect(await store.countFailures('GID', 'plain')).toBe(1);
  });

  it('is refused as a value of the message, which the consumer tells from a database that is away', async () => {
    await expect(store.countFailures('GID', '订单')).rejects.toMatchObject({ name: 'Unstorable' });
    const entering = store.transact({ lockWaitMs: 1_000 }, (tx) => tx.enterInbox('GID', '订单', randomUUID()));
    await expect(entering).rejects.toMatchObject({ name: 'Unstorable' });
    await store.probe();
  });
}
