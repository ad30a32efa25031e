import { MigrationExecutor, type DataSource, type QueryRunner } from 'typeorm';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { Dialect } from '../dialects/dialect.js';
import { locateTables } from '../locate-tables.js';
import { tablePlace, type MqTables } from '../table-names.js';
import { appliedMigrations } from './applied-migrations.js';
import { mqMigrations } from './mq-migrations.js';
import { withSchemaLock } from './schema-lock.js';

export interface RunMqMigrationsOptions extends MqTables {
  /** Also run the data source's own migrations, afterwards and under the same lock. Default `false`. */
  readonly own?: boolean;
}

/**
 * Creates the tables of this library, or brings them up to date. Any number of processes may call it at once: one does
 * the work, the others wait and find it done. Needs one connection of the pool.
 *
 * @example
 * await dataSource.initialize();
 * await runMqMigrations(dataSource, { own: true }); // instead of dataSource.runMigrations(), which takes no lock
 * @returns the names of the migrations of this library that it ran
 */
export async function runMqMigrations(dataSource: DataSource, options: RunMqMigrationsOptions = {}): Promise<string[]> {
  const place = tablePlace(options);
  const { dialect, tables } = locateTables(dataSource, options);
  const runner = dataSource.createQueryRunner('master');
  try {
    return await withSchemaLock(runner, dialect, place, systemClock, async () => {
      // Read under the lock: whoever held it before may have done all of it.
      const applied = await appliedMigrations(runner, dialect, tables);
      const ran: string[] = [];
      for (const migration of mqMigrations(options).map((Migration) => new Migration())) {
        if (applied.has(migration.name)) continue;
        await inTransaction(runner, dialect, () => migration.up(runner));
        ran.push(migration.name);
      }
      if (options.own) await runOwnMigrations(dataSource, runner);
      return ran;
    });
  } finally {
    await runner.release();
  }
}

/** What `dataSource.runMigrations()` does, on a connection of our choice; recorded in TypeORM's own table. */
async function runOwnMigrations(dataSource: DataSource, runner: QueryRunner): Promise<void> {
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = dataSource.options.migrationsTransactionMode ?? 'all';
  await executor.executePendingMigrations();
}

async function inTransaction(runner: QueryRunner, dialect: Dialect, work: () => Promise<void>): Promise<void> {
  if (!dialect.transactionalDdl) return work();
  await runner.startTransaction();
  try {
    await work();
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  }
}
