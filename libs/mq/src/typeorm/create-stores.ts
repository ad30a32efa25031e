import type { DataSource, EntityManager } from 'typeorm';
import type { TransactionContext } from '../core/publisher/transaction-context.js';
import type { ActionStore } from '../core/store/action-store.js';
import type { AdminStore } from '../core/store/admin-store.js';
import type { DeliveryStore } from '../core/store/delivery-store.js';
import type { MetricsStore } from '../core/store/metrics-store.js';
import type { NodeStore } from '../core/store/node-store.js';
import type { EvidenceStore } from '../core/store/evidence-store.js';
import type { OutboxStore } from '../core/store/outbox-store.js';
import type { PauseStore } from '../core/store/pause-store.js';
import { TypeOrmActionStore } from './operations/typeorm-action-store.js';
import { TypeOrmNodeStore } from './operations/typeorm-node-store.js';
import { TypeOrmPauseStore } from './operations/typeorm-pause-store.js';
import { TypeOrmDeliveryStore } from './delivery/typeorm-delivery-store.js';
import { requireSameTypeOrm } from './connection/require-same-typeorm.js';
import { TypeOrmEvidenceStore } from './evidence/typeorm-evidence-store.js';
import { requireEntities } from './entities/require-entities.js';
import { locateTables } from './entities/locate-tables.js';
import { checkMqSchema } from './migrations/check-mq-schema.js';
import { runMqMigrations } from './migrations/run-mq-migrations.js';
import { type ConnectionTraces, refuseRename } from './rename/refuse-rename.js';
import { HeldConnections } from './connection/held-connections.js';
import { checkDatabaseSettings } from './settings/check-database-settings.js';
import { OwnConnections } from './store/own-connections.js';
import type { ReplayTarget } from './store/statements/replay-parked.js';
import { TypeOrmAdminStore } from './store/typeorm-admin-store.js';
import { typeOrmMetricsStore } from './store/typeorm-metrics-store.js';
import { typeOrmOutboxStore } from './store/typeorm-outbox-store.js';
import type { MqTables, TableLocation } from './sql/table-names.js';
import { findAmbientTransactions } from './transaction/find-ambient-transactions.js';
import { requireJoinable } from './transaction/require-joinable.js';
import type { TransactionHosts } from './transaction/transaction-host.js';
import { TypeOrmTransactionContext } from './transaction/typeorm-transaction-context.js';

/** The stores on one set of tables. */
export interface MqStores {
  readonly outbox: OutboxStore<EntityManager>;
  readonly deliveries: DeliveryStore<EntityManager>;
  readonly admin: AdminStore;
  readonly nodes: NodeStore;
  readonly pauses: PauseStore;
  readonly actions: ActionStore;
  readonly metrics: MetricsStore;
  readonly evidence: EvidenceStore;
  readonly transactions: TransactionContext<EntityManager>;
  /** What kind of database it is, for people. */
  readonly database: string;
  /** The connections of the pool that all of them use. */
  readonly connections: Pick<HeldConnections, 'count' | 'abandon' | 'whenIdle'>;
  /** What should be changed about the database. */
  readonly warnings: readonly string[];
  /** @throws {MqError} `MQ_CONFIG_INVALID` when services that handlers call could not join the transactions of deliveries */
  requireJoinable(): void;
}

export interface StoresOptions {
  /** Make the tables, or bring them up to date, first. */
  readonly migrate: boolean;
  /** `false`: tables and settings are not looked at, for those who want to mend them. Default `true`. */
  readonly check?: boolean;
  readonly replayTo: ReplayTarget;
  readonly hosts: TransactionHosts;
  /** `null` when the prefix was written down, and does not follow from the name of the connection. */
  readonly traces: ConnectionTraces | null;
}

/**
 * Makes the stores of one connection, after checking its tables, or creating them.
 * @throws {MqError} `MQ_ENTITIES_MISSING`, `MQ_DATABASE_SETTINGS`, `MQ_CONNECTION_RENAMED`, `MQ_SCHEMA_FOREIGN`, `MQ_SCHEMA_OUTDATED`
 */
export async function createMqStores(
  dataSource: DataSource,
  location: TableLocation,
  { migrate, check = true, replayTo, hosts, traces }: StoresOptions,
): Promise<MqStores> {
  const tables: MqTables = {
    prefix: location.prefix,
    ...(location.schema === null ? {} : { schema: location.schema }),
  };
  requireSameTypeOrm(dataSource);
  if (check) requireEntities(dataSource, replayTo.connection, location);
  const { dialect, tables: names } = locateTables(dataSource, tables);
  const warnings = check ? await checkDatabaseSettings(dataSource, location) : [];
  if (check && traces) await refuseRename(dataSource, tables, traces);
  if (migrate) await runMqMigrations(dataSource, tables);
  if (check) await checkMqSchema(dataSource, tables);

  const held = new HeldConnections(dataSource);
  const own = new OwnConnections(dataSource, dialect, names, held);
  const ambient = await findAmbientTransactions(dataSource, hosts);
  return {
    outbox: typeOrmOutboxStore(own),
    deliveries: TypeOrmDeliveryStore.create(dataSource, tables, held, ambient),
    admin: new TypeOrmAdminStore(own, replayTo),
    nodes: new TypeOrmNodeStore(own),
    pauses: new TypeOrmPauseStore(own),
    actions: new TypeOrmActionStore(own),
    metrics: typeOrmMetricsStore(own),
    evidence: new TypeOrmEvidenceStore(own, new TypeOrmNodeStore(own)),
    database: dialect.name,
    connections: held,
    warnings,
    transactions: new TypeOrmTransactionContext(dataSource, ambient, held),
    requireJoinable: () => requireJoinable(ambient),
  };
}
