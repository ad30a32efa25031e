import type { DataSource, DataSourceOptions, EntityManager } from 'typeorm';
import {
  OwnConnections,
  TypeOrmAdminStore,
  TypeOrmDeliveryStore,
  typeOrmOutboxStore,
} from 'nestjs-reliable-mq/typeorm';
import { detectDialect, getMqEntities, runMqMigrations, tableNames } from 'nestjs-reliable-mq/typeorm';
import {
  OutboxStoreBench,
  type OpenTransaction,
  type OutboxStore,
  type OutboxStoreHarness,
} from 'nestjs-reliable-mq/spi';
import type { TestDatabase } from '../database.js';

/** An outbox with tables of its own in the database of a spec file. */
export interface TestOutbox {
  readonly dataSource: DataSource;
  readonly store: OutboxStore<EntityManager>;
  readonly admin: TypeOrmAdminStore;
  readonly harness: OutboxStoreHarness<EntityManager>;
  readonly bench: OutboxStoreBench<EntityManager>;
  /** Empties its tables. */
  clear(): Promise<void>;
}

const TOPICS = new Map([['orders', { topic: 'shop_orders', instanceId: 'MQ_INST_1' }]]);
/** Every instant that the store has written. */
const INSTANTS: Readonly<Record<string, readonly string[]>> = {
  mq_status_log: ['due_at', 'done_at', 'created_at'],
  mq_error_log: ['created_at', 'retain_from', 'resolved_at'],
  mq_inbox: ['created_at'],
};

export async function openOutbox(db: TestDatabase, options: Partial<DataSourceOptions> = {}): Promise<TestOutbox> {
  const dataSource = await db.connect({ entities: [...getMqEntities()], ...options } as Partial<DataSourceOptions>);
  await runMqMigrations(dataSource);
  const dialect = detectDialect(dataSource);
  const own = new OwnConnections(dataSource, dialect, tableNames(dataSource, dialect));
  const deliveries = TypeOrmDeliveryStore.create(dataSource);
  const store = typeOrmOutboxStore(own);
  const harness: OutboxStoreHarness<EntityManager> = {
    store,
    begin: () => begin(dataSource),
    async advance(ms) {
      for (const [table, columns] of Object.entries(INSTANTS)) {
        await db.query(`UPDATE ${table} SET ${columns.map((column) => `${column} = ${column} - ${ms}`).join(', ')}`);
      }
    },
    settle: (id, group, brokerMessageId) => deliveries.settleHandled({ id, messageId: id, group }, brokerMessageId),
    async errors(messageId) {
      const rows = await db.query<{ parked: boolean | number; error_code: string }>(
        `SELECT parked, error_code FROM mq_error_log WHERE message_id = '${messageId}' ORDER BY id`,
      );
      return rows.map((row) => ({ parked: Boolean(row.parked), errorCode: row.error_code }));
    },
    async resolveErrors(messageId) {
      const { text } = dialect.nowMs.render(dialect);
      await db.query(
        `UPDATE mq_error_log SET resolved_at = ${text}, retain_from = ${text} WHERE message_id = '${messageId}'`,
      );
    },
  };
  return {
    dataSource,
    store,
    admin: new TypeOrmAdminStore(own, {
      connection: 'default',
      broker: 'memory',
      topic: (alias) => TOPICS.get(alias),
      problem: () => null,
    }),
    harness,
    bench: new OutboxStoreBench(harness),
    async clear() {
      for (const table of Object.keys(INSTANTS)) await db.query(`DELETE FROM ${table}`);
    },
  };
}

async function begin(dataSource: DataSource): Promise<OpenTransaction<EntityManager>> {
  const runner = dataSource.createQueryRunner();
  await runner.startTransaction();
  return {
    tx: runner.manager,
    async commit() {
      await runner.commitTransaction();
      await runner.release();
    },
    async rollBack() {
      await runner.rollbackTransaction();
      await runner.release();
    },
  };
}
