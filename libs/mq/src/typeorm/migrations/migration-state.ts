import type { DataSource } from 'typeorm';
import { HeldConnections } from '../connection/held-connections.js';
import { locateTables } from '../entities/locate-tables.js';
import type { MqTables } from '../sql/table-names.js';
import { appliedMigrations } from './applied-migrations.js';
import { missingMigrations } from './mq-migrations.js';

/** Names of the migrations that a set of tables has seen, and of those that it lacks. Reads only. */
export async function migrationState(
  dataSource: DataSource,
  options: MqTables,
): Promise<{ applied: string[]; missing: string[] }> {
  const { dialect, tables } = locateTables(dataSource, options);
  return new HeldConnections(dataSource).use(async (runner) => {
    const applied = await appliedMigrations(runner, dialect, tables);
    return { applied: [...applied].sort(), missing: missingMigrations(applied, options).map(({ name }) => name) };
  });
}
