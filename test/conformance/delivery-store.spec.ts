import { deliveryStoreConformance, MemoryDeliveryStore } from 'nestjs-reliable-mq/testing';
import { runMqMigrations, TypeOrmDeliveryStore } from 'nestjs-reliable-mq/typeorm';
import type { DataSource } from 'typeorm';
import { describeDatabases } from '../support/database.js';

const STATUS_ROW = {
  connection: 'default',
  broker: 'memory',
  topicAlias: 'orders',
  topic: 'shop_orders',
  instanceId: null,
  tag: null,
  key: 'k',
  orderingKey: null,
  openKey: null,
  payload: '{}',
  payloadEncoding: null,
  payloadBytes: 2,
  headers: null,
  settleWithinMs: null,
  maxAttempts: 10,
  replayOf: null,
  targetGroup: null,
  horizonMs: 0,
  seq: 1n,
  deliverAt: null,
  createdAt: 0,
  dueAt: null,
  leaseToken: null,
  leaseOwner: null,
  deferred: false,
  startedCount: 0,
  failedCount: 0,
  brokerMessageId: null,
  errorCode: null,
  errorMessage: null,
  doneAt: null,
};

deliveryStoreConformance('memory', async () => {
  const store = new MemoryDeliveryStore();
  const effects: string[] = [];
  return {
    store,
    write: async (tx, effect) => tx.write(() => effects.push(effect)),
    effects: async () => effects,
    stage: async (row) => void store.outbox.rows.set(row.id, { ...STATUS_ROW, ...row }),
    statusOf: async (id) => {
      const { status, brokerMessageId } = store.outbox.rows.get(id)!;
      return { status, brokerMessageId };
    },
    errorsOf: async (messageId) => {
      const errors = store.errors.filter((entry) => entry.messageId === messageId);
      const parked = errors.filter((entry) => entry.parked).length;
      return { parked, failed: errors.length - parked };
    },
  };
});

const FINISHED = ['SENT', 'DEAD', 'CANCELLED'];

describeDatabases('TypeORM', (db) => {
  let dataSource: DataSource;

  beforeAll(async () => {
    dataSource = await db.connect();
    await runMqMigrations(dataSource);
    await db.query('CREATE TABLE effect (name varchar(200) NOT NULL)');
  });

  deliveryStoreConformance('TypeORM', async () => ({
    store: TypeOrmDeliveryStore.create(dataSource),
    write: async (manager, effect) => void (await manager.query(`INSERT INTO effect VALUES ('${effect}')`)),
    effects: async () => (await db.query<{ name: string }>('SELECT name FROM effect')).map(({ name }) => name),
    stage: async ({ id, status, settleGroup, replayOf }) => {
      const [due, done] = FINISHED.includes(status) ? ['NULL', '1'] : ['1', 'NULL'];
      const token = status === 'SENDING' ? `'t'` : 'NULL';
      await db.query(
        `INSERT INTO mq_status_log (id, status, connection, broker, topic_alias, topic, msg_key, settle_group,
           max_attempts, due_at, done_at, lease_token, replay_of, created_at, updated_at, payload, payload_bytes)
         VALUES ('${id}', '${status}', 'default', 'memory', 'orders', 'shop_orders', 'k', '${settleGroup}', 10,
           ${due}, ${done}, ${token}, ${replayOf === undefined ? 'NULL' : `'${replayOf}'`}, 1, 1, '{}', 2)`,
      );
    },
    statusOf: async (id) => {
      const [row] = await db.query<{ status: 'SENT'; broker_message_id: string | null }>(
        `SELECT status, broker_message_id FROM mq_status_log WHERE id = '${id}'`,
      );
      return { status: row!.status, brokerMessageId: row!.broker_message_id };
    },
    errorsOf: async (messageId) => {
      const rows = await db.query<{ parked: boolean | number }>(
        `SELECT parked FROM mq_error_log WHERE message_id = '${messageId}'`,
      );
      const parked = rows.filter((row) => Boolean(row.parked)).length;
      return { parked, failed: rows.length - parked };
    },
  }));
});
