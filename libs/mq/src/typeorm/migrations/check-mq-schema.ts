import type { DataSource } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import { ORDER_STRIPES } from '../../core/store/order-key.js';
import { locateTables } from '../entities/locate-tables.js';
import { HeldConnections } from '../connection/held-connections.js';
import type { MqTables } from '../sql/table-names.js';
import { appliedMigrations } from './applied-migrations.js';
import { missingMigrations } from './mq-migrations.js';
import { refuseForeignTables } from './refuse-foreign-tables.js';

/**
 * Makes sure that the tables are what this version of the library works with. Reads only.
 * @throws {MqError} `MQ_SCHEMA_OUTDATED`, saying what is missing and what to do; `MQ_SCHEMA_FOREIGN`, when what is there is
 * somebody else's
 */
export async function checkMqSchema(dataSource: DataSource, options: MqTables = {}): Promise<void> {
  const { dialect, tables } = locateTables(dataSource, options);
  await new HeldConnections(dataSource).use(async (runner) => {
    const applied = await appliedMigrations(runner, dialect, tables);
    if (applied.size === 0) await refuseForeignTables(runner, dialect, tables);
    const missing = missingMigrations(applied, options).map(({ name }) => name);
    if (missing.length > 0)
      throw outdated(tables.prefix, applied.size === 0 ? 'do not exist' : 'are outdated', missing);
    const [stripes] = (await runner.query(`SELECT COUNT(*) AS n FROM ${tables.orderStripe}`)) as [{ n: unknown }];
    if (Number(stripes.n) !== ORDER_STRIPES) {
      throw new MqError(
        'MQ_SCHEMA_OUTDATED',
        `${tables.orderStripe} has ${Number(stripes.n)} rows instead of ${ORDER_STRIPES}, so messages with an ordering key could overtake each other; drop the table, delete the rows of ${tables.migrations} and run the migrations again`,
        { details: { rows: Number(stripes.n) } },
      );
    }
  });
}

function outdated(prefix: string, state: string, missing: readonly string[]): MqError {
  return new MqError(
    'MQ_SCHEMA_OUTDATED',
    `the tables "${prefix}*" ${state} (not run yet: ${missing.join(', ')}). ` +
      'Set `migrate: true` in the options of MqModule, or call runMqMigrations(dataSource) before the application starts, ' +
      "or add ...mqMigrations() to the data source's migrations and run those.",
    { details: { missing } },
  );
}
