import type { DataSource } from 'typeorm';
import { detectDialect } from '../databases/detect-dialect.js';
import type { Dialect } from '../databases/dialect.js';
import { getMqEntities } from './get-mq-entities.js';
import { pinEntities } from './pin-entities.js';
import { type MqTables, tableNames, type TableNames } from '../sql/table-names.js';

/**
 * How the tables of a set are called on this data source, which has been initialized. From then on its entities are
 * called so, too.
 */
export function locateTables(
  dataSource: DataSource,
  { prefix, schema }: MqTables = {},
): { readonly dialect: Dialect; readonly tables: TableNames } {
  const dialect = detectDialect(dataSource);
  const tables = tableNames(dataSource, dialect, { prefix, schema });
  pinEntities(dataSource, getMqEntities('default', { prefix, schema }), tables);
  return { dialect, tables };
}
