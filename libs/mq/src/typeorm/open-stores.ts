import type { DataSource, EntityManager } from 'typeorm';
import { MqError } from '../core/errors/mq-error.js';
import type { TransactionContext } from '../core/publisher/transaction-context.js';
import type { AdminStore } from '../core/store/admin-store.js';
import type { DeliveryStore } from '../core/store/delivery-store.js';
import type { OutboxStore } from '../core/store/outbox-store.js';
import { TypeOrmDeliveryStore } from './delivery/typeorm-delivery-store.js';
import { getMqEntities } from './entities/get-mq-entities.js';
import { locateTables } from './locate-tables.js';
import { checkMqSchema } from './migrations/check-mq-schema.js';
import { runMqMigrations } from './migrations/run-mq-migrations.js';
import { type ConnectionTraces, refuseRename } from './rename/refuse-rename.js';
import { HeldConnections } from './store/held-connections.js';
import { checkDatabaseSettings } from './settings/check-database-settings.js';
import { OwnConnections } from './store/own-connections.js';
import type { ReplayTarget } from './store/sql/replay.js';
import { TypeOrmAdminStore } from './store/typeorm-admin-store.js';
import { TypeOrmOutboxStore } from './store/typeorm-outbox-store.js';
import type { MqTables, TablePlace } from './table-names.js';
import { findAmbientTransactions } from './transaction/find-ambient-transactions.js';
import { requireJoinable } from './transaction/require-joinable.js';
import type { TransactionHosts } from './transaction/transaction-host.js';
import { TypeOrmTransactionContext } from './transaction/typeorm-transaction-context.js';

/** Everything that one set of tables offers. */
export interface MqStores {
  readonly outbox: OutboxStore<EntityManager>;
  readonly deliveries: DeliveryStore<EntityManager>;
  readonly admin: AdminStore;
  readonly transactions: TransactionContext<EntityManager>;
  /** What all of them together have of the pool. */
  readonly connections: HeldConnections;
  /** What should be changed about the database. */
  readonly warnings: readonly string[];
  /** @throws {MqError} `MQ_CONFIG_INVALID` when services that handlers call could not join the transactions of deliveries */
  requireJoinable(): void;
}

export interface OpenOptions {
  /** Make the tables, or bring them up to date, first. */
  readonly migrate: boolean;
  readonly replayTo: ReplayTarget;
  readonly hosts: TransactionHosts;
  /** `null` when the prefix was written down, and does not follow from the name of the connection. */
  readonly traces: ConnectionTraces | null;
}

/**
 * Opens the tables of one connection, after looking whether they are there, or making them.
 * @throws {MqError} `MQ_ENTITIES_MISSING`, `MQ_DATABASE_SETTINGS`, `MQ_CONNECTION_RENAMED`, `MQ_SCHEMA_OUTDATED`
 */
export async function openMqStores(
  dataSource: DataSource,
  place: TablePlace,
  { migrate, replayTo, hosts, traces }: OpenOptions,
): Promise<MqStores> {
  const tables: MqTables = { prefix: place.prefix, ...(place.schema === null ? {} : { schema: place.schema }) };
  requireEntities(dataSource, tables);
  const { dialect, tables: names } = locateTables(dataSource, tables);
  const warnings = await checkDatabaseSettings(dataSource, place);
  if (traces) await refuseRename(dataSource, tables, traces);
  if (migrate) await runMqMigrations(dataSource, tables);
  await checkMqSchema(dataSource, tables);

  const held = new HeldConnections(dataSource);
  const own = new OwnConnections(dataSource, dialect, names, held);
  const ambient = await findAmbientTransactions(dataSource, hosts);
  return {
    outbox: new TypeOrmOutboxStore(own),
    deliveries: TypeOrmDeliveryStore.create(dataSource, tables, held, ambient),
    admin: new TypeOrmAdminStore(own, replayTo),
    connections: held,
    warnings,
    transactions: new TypeOrmTransactionContext(dataSource, ambient),
    requireJoinable: () => requireJoinable(ambient),
  };
}

function requireEntities(dataSource: DataSource, tables: MqTables): void {
  const missing = getMqEntities('default', tables).filter((entity) => !dataSource.hasMetadata(entity));
  if (missing.length === 0) return;
  throw new MqError(
    'MQ_ENTITIES_MISSING',
    `The data source does not know the entities of the tables '${tables.prefix}*'. ` +
      'Set autoLoadEntities: true in TypeOrmModule.forRoot(), or add ...getMqEntities() from nestjs-reliable-mq/typeorm to its entities.',
    { details: { prefix: tables.prefix } },
  );
}
