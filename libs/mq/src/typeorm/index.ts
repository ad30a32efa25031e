export * from './entities/index.js';
export { checkMqSchema } from './migrations/check-mq-schema.js';
export { mqMigrations, type MqMigration } from './migrations/mq-migrations.js';
export { runMqMigrations, type RunMqMigrationsOptions } from './migrations/run-mq-migrations.js';
export type { MqTables } from './table-names.js';
export { TypeOrmDeliveryStore } from './delivery/typeorm-delivery-store.js';
export { TypeOrmTransactionContext } from './transaction/typeorm-transaction-context.js';
