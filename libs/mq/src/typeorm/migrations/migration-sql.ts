import type { DataSource, QueryRunner } from 'typeorm';
import { detectDialect } from '../databases/detect-dialect.js';
import { MIGRATION_COLLATIONS, type MigrationDialect } from './migration-dialects.js';
import { mqMigrations } from './mq-migrations.js';
import type { MqTables } from '../sql/table-names.js';

/**
 * What the migrations run on a database that has none of the tables: their own code runs, against a database that only
 * takes notes, so there is no second copy of the statements.
 */
export async function migrationSql(type: MigrationDialect, tables: MqTables): Promise<string[]> {
  const dataSource = { options: { type }, driver: {} } as unknown as DataSource;
  const dialect = detectDialect(dataSource);
  const statements: string[] = [];
  const runner = {
    connection: dataSource,
    query(text: string, parameters: readonly unknown[] = []) {
      if (/^\s*SELECT\b/i.test(text)) {
        const collation = MIGRATION_COLLATIONS[type];
        return Promise.resolve(collation !== null && text.includes('COLLATION_NAME') ? [{ name: collation }] : []);
      }
      statements.push(withValues(text, parameters, (position) => dialect.placeholder(position)));
      return Promise.resolve([]);
    },
  } as unknown as QueryRunner;
  for (const migration of mqMigrations(tables)) await new migration().up(runner);
  // A later step makes again, `IF NOT EXISTS`, what an earlier one has made on a new database.
  const once = [...new Set(statements)];
  return dialect.transactionalDdl ? ['BEGIN', ...once, 'COMMIT'] : once;
}

/** The only parameters of a migration are names of ours. */
function withValues(text: string, parameters: readonly unknown[], placeholder: (position: number) => string): string {
  return parameters.reduce<string>(
    (written, value, i) => written.replace(placeholder(i + 1), () => `'${String(value).replaceAll("'", "''")}'`),
    text,
  );
}
