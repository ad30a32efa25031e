import { deliveryStoreConformance } from 'nestjs-reliable-mq/spi';
import { runMqMigrations, TypeOrmDeliveryStore } from 'nestjs-reliable-mq/typeorm';
import type { DataSource } from 'typeorm';
import { describeDatabases } from '../../support/database.js';

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
