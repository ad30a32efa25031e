import type { QueryRunner } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import type { Dialect } from '../databases/dialect.js';
import type { TableNames } from '../sql/table-names.js';
import { missingColumns } from './missing-columns.js';

/** One table of ours has 35. The rest stands in `details`. */
const COLUMNS_IN_MESSAGE = 6;

/**
 * Refuses tables that have our names and not our columns, as those of the Laravel package `lwz/laravel-mq`, which
 * `CREATE TABLE IF NOT EXISTS` would take for done. To be called while no migration is recorded, and before anything is
 * created. Our own tables of a migration that stopped halfway, where DDL is not transactional, have our columns and pass.
 *
 * @throws {MqError} `MQ_SCHEMA_FOREIGN`
 */
export async function refuseForeignTables(runner: QueryRunner, dialect: Dialect, tables: TableNames): Promise<void> {
  const foreign = [...(await missingColumns(runner, dialect, tables))]
    .filter(([, missing]) => missing.length > 0)
    .map(([table, missing]) => ({ table, missing }));
  if (foreign.length === 0) return;
  const found = foreign.map(({ table, missing }) => `${table} lacks the columns ${someOf(missing)}`).join('; ');
  throw new MqError(
    'MQ_SCHEMA_FOREIGN',
    `tables with the names of ours exist and are not ours: ${found}. Nothing was created or changed. ` +
      `Leave them alone and give this module names of its own, tables: { prefix: '${freePrefix(tables.prefix)}' } in the options of MqModule ` +
      `(for runMqMigrations, mqMigrations and getMqEntities the same prefix), or keep its tables in another schema or database (tables.schema).`,
    { details: { tables: foreign } },
  );
}

function someOf(columns: readonly string[]): string {
  const more = columns.length - COLUMNS_IN_MESSAGE;
  return columns.slice(0, COLUMNS_IN_MESSAGE).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** `mq2_` for `mq_`; at most 32 characters, and no digit in front. */
function freePrefix(prefix: string): string {
  return `${prefix.slice(0, 30).replace(/(?<=.)_$/, '')}2_`;
}
