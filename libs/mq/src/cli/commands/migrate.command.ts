import { MqError } from '../../core/errors/mq-error.js';
import { MIGRATION_DIALECTS, type MigrationDialect } from '../../typeorm/migrations/migration-dialects.js';
import type { MqTables, TableLocation } from '../../typeorm/sql/table-names.js';
import { UNCHECKED } from '../boot/boot-modes.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { oneOf } from '../values.js';

// What runs migrations loads TypeORM, which takes its time. Help does without, so it is loaded when a command runs.

const up: Command = {
  name: 'up',
  summary: 'creates the tables of each connection, or brings them up to date',
  description: 'Any number of processes may do so at once: one does the work, the others wait and find it done.',
  examples: ['mq migrate', 'mq migrate up --connection billing'],
  run: async (context) => {
    const done = [];
    const { runMqMigrations } = await import('../../typeorm/migrations/run-mq-migrations.js');
    for (const { connection, runtime } of await context.open(UNCHECKED)) {
      const ran = await runMqMigrations(runtime.dataSource, tablesOf(runtime.tables));
      done.push({ connection, ...runtime.tables, ran });
    }
    if (context.json) return context.out.json(done);
    context.out.table(
      done.map(({ connection, prefix, ran }) => ({
        connection,
        tables: `${prefix}*`,
        ran: ran.join(', ') || 'nothing: they are up to date',
      })),
    );
  },
};

const status: Command = {
  name: 'status',
  summary: 'says which migrations were run; exit code 2 when some are missing',
  examples: ['mq migrate status', 'mq migrate status --json'],
  run: async (context) => {
    const found = [];
    const { migrationState } = await import('../../typeorm/migrations/migration-state.js');
    const { checkMqSchema } = await import('../../typeorm/migrations/check-mq-schema.js');
    for (const { connection, runtime } of await context.open(UNCHECKED)) {
      const tables = tablesOf(runtime.tables);
      const state = await migrationState(runtime.dataSource, tables);
      const problem = await problemOf(() => checkMqSchema(runtime.dataSource, tables));
      found.push({ connection, ...runtime.tables, ...state, problem });
    }
    if (context.json) context.out.json(found);
    else {
      context.out.table(
        found.map(({ connection, prefix, applied, missing }) => ({
          connection,
          tables: `${prefix}*`,
          applied: applied.join(', ') || '-',
          missing: missing.join(', ') || '-',
        })),
      );
      for (const { problem } of found) if (problem) context.err.line(problem.message);
    }
    return found.every(({ problem }) => problem === null) ? EXIT.ok : EXIT.checkFailed;
  },
};

const sql: Command = {
  name: 'sql',
  summary: 'prints what the migrations would run, without an application and without a database',
  description: 'For a database that has none of the tables yet; older ones are brought up to date by `mq migrate up`.',
  options: [
    {
      flags: '--dialect <name>',
      description: `whose SQL: ${MIGRATION_DIALECTS.join(', ')}; postgres unless given`,
      parse: oneOf(...MIGRATION_DIALECTS),
      default: 'postgres',
    },
    { flags: '--prefix <text>', description: 'as `tables.prefix` in the options of MqModule; mq_ unless given' },
    { flags: '--schema <name>', description: 'as `tables.schema`; that of the session unless given' },
  ],
  examples: ['mq migrate sql --dialect mysql', 'mq migrate sql --dialect postgres --schema messaging > tables.sql'],
  run: async (context, { dialect, prefix, schema }) => {
    const { migrationSql } = await import('../../typeorm/migrations/migration-sql.js');
    const statements = await migrationSql(dialect as MigrationDialect, { prefix, schema } as MqTables);
    if (context.json) context.out.json({ dialect, statements });
    else for (const statement of statements) context.out.text(`${statement};\n`);
  },
};

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'creates the tables, or brings them up to date; says what is missing; prints the SQL',
  examples: [...up.examples, ...sql.examples],
  commands: [up, status, sql],
};

function tablesOf({ prefix, schema }: TableLocation): MqTables {
  return { prefix, schema: schema ?? undefined };
}

async function problemOf(check: () => Promise<void>): Promise<{ code: string; message: string } | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof MqError) return { code: error.code, message: error.message };
    throw error;
  }
}
