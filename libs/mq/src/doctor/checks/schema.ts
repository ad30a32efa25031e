import { MqError } from '../../core/errors/mq-error.js';
import { appliedMigrations } from '../../typeorm/migrations/applied-migrations.js';
import { missingMigrations } from '../../typeorm/migrations/mq-migrations.js';
import { refuseForeignTables } from '../../typeorm/migrations/refuse-foreign-tables.js';
import type { Check } from '../check.js';

/** Whether the tables are there, and of this version. */
export const schema: Check = {
  code: 'schema',
  needs: 'database',
  run: ({ database }) =>
    database.read(async (runner) => {
      const { dialect, tables, options } = database;
      const applied = await appliedMigrations(runner, dialect, tables);
      const missing = missingMigrations(applied, options).map(({ name }) => name);
      if (applied.size === 0) {
        const foreign = await refuseForeignTables(runner, dialect, tables).then(
          () => null,
          (error: unknown) => error,
        );
        if (foreign instanceof MqError) {
          return [
            {
              code: 'tables-foreign',
              severity: 'error',
              what: `tables with the names of ours exist and are not ours: '${tables.prefix}*'`,
              evidence: { schema: tables.schema, answer: foreign.message },
              todo: `tables: { prefix: '…' } in the options of MqModule, a prefix that nobody uses`,
            },
          ];
        }
        if (foreign !== null) throw foreign;
      }
      if (missing.length === 0) return [];
      const none = applied.size === 0;
      return [
        {
          code: none ? 'tables-missing' : 'tables-outdated',
          severity: 'error',
          what: none
            ? `the tables '${tables.prefix}*' do not exist: the application does not start`
            : `the tables '${tables.prefix}*' are those of an older version of this library`,
          evidence: { schema: tables.schema, missing },
          todo: 'mq migrate (or migrate: true in the options of MqModule)',
        },
      ];
    }),
};
