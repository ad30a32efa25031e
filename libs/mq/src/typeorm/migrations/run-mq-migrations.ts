import type { DataSource, QueryRunner } from 'typeorm';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { Dialect } from '../databases/dialect.js';
import { locateTables } from '../entities/locate-tables.js';
import { HeldConnections } from '../connection/held-connections.js';
import { tableLocation, type MqTables, type TableNames } from '../sql/table-names.js';
import { appliedMigrations } from './applied-migrations.js';
import { missingMigrations } from './mq-migrations.js';
import { OwnMigrations } from './own-migrations.js';
import { withSchemaLock } from './schema-lock.js';

export interface RunMqMigrationsOptions extends MqTables {
  /** Also run the data source's own migrations, afterwards and under the same lock. Default `false`. */
  readonly own?: boolean;
}

/**
 * Creates the tables of this library, or brings them up to date. Any number of processes may call it at once: one does
 * the work, the others wait and find it done. When nothing is to be done it takes no lock.
 *
 * Needs one connection of the pool. On PostgreSQL everything happens in one transaction, `own` migrations included, unless
 * their `migrationsTransactionMode` is `each` or `none`: then a connection outside of the pool holds the lock for them.
 *
 * @example
 * await dataSource.initialize();
 * await runMqMigrations(dataSource, { own: true }); // instead of dataSource.runMigrations(), which takes no lock
 * @returns the names of the migrations of this library that it ran
 * @throws {MqError} `MQ_SCHEMA_FOREIGN` when tables of somebody else have these names; then nothing was created
 */
export async function runMqMigrations(dataSource: DataSource, options: RunMqMigrationsOptions = {}): Promise<string[]> {
  const location = tableLocation(options);
  const { dialect, tables } = locateTables(dataSource, options);
  return new HeldConnections(dataSource).use(async (runner) => {
    const own = options.own ? new OwnMigrations(dataSource, runner) : null;
    const missing = missingMigrations(await appliedMigrations(runner, dialect, tables), options);
    if (missing.length === 0 && !(await own?.pending())) return [];
    const apart = dialect.transactionalDdl && own?.wantTheirOwnTransactions;
    const ran = await withSchemaLock(runner, dialect, location, systemClock, async () => {
      const names = await runOurs(runner, dialect, tables, options);
      if (!apart) await own?.run();
      return names;
    });
    if (own && apart) {
      await own.onOtherConnection((holder) => withSchemaLock(holder, dialect, location, systemClock, () => own.run()));
    }
    return ran;
  });
}

async function runOurs(
  runner: QueryRunner,
  dialect: Dialect,
  tables: TableNames,
  options: RunMqMigrationsOptions,
): Promise<string[]> {
  // Read again, under the lock: whoever held it before may have done all of it.
  const missing = missingMigrations(await appliedMigrations(runner, dialect, tables), options);
  for (const migration of missing) await migration.up(runner);
  return missing.map(({ name }) => name);
}
