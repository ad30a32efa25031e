import type { TableNames } from '../sql/table-names.js';

/** In our own table and not in that of TypeORM: each set of tables knows by itself what it has seen. */
export function createMigrationsTable(tables: TableNames): string {
  return `CREATE TABLE IF NOT EXISTS ${tables.migrations} (
  name varchar(160) NOT NULL,
  applied_at bigint NOT NULL,
  PRIMARY KEY (name)
)`;
}
