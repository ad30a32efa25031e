import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ORDER_STRIPES } from '../../core/store/order-key.js';
import { dataSourceOf } from '../connection/data-source-of.js';
import { detectDialect } from '../databases/detect-dialect.js';
import type { Dialect } from '../databases/dialect.js';
import { join, raw, sql } from '../sql/sql.js';
import { tableNames, tableLocation, type MqTables, type TableNames, type TableLocation } from '../sql/table-names.js';
import { appliedMigrations } from './applied-migrations.js';
import { createMigrationsTable } from './create-migrations-table.js';
import { addMissingIndexes } from './add-missing-indexes.js';
import { addMissingColumns } from './add-missing-columns.js';
import { describedTables } from './described-tables.js';
import { missingColumns } from './missing-columns.js';
import { refuseForeignTables } from './refuse-foreign-tables.js';

export type MqMigration = new () => MigrationInterface & { readonly name: string };

/** What one version of this library changes. Never edit one that was released; append. */
interface Step {
  /** Ends in a timestamp: TypeORM sorts by it. */
  readonly name: string;
  /** Skips what exists: it may have been run by TypeORM before, or have stopped halfway where DDL is not transactional. */
  up(runner: QueryRunner, dialect: Dialect, tables: TableNames): Promise<void>;
  down(runner: QueryRunner, dialect: Dialect, tables: TableNames): Promise<void>;
}

const OPERATION_TABLES = ['node', 'pause', 'action', 'copy', 'duty'] as const;

/** Columns that tables have got by a later step than the first. */
const STATUS_COLUMNS: readonly string[] = ['trace', 'correlation_id', 'causation_id'];
const ERROR_COLUMNS: readonly string[] = [...STATUS_COLUMNS, 'decision'];

/** `createTables` describes the tables of this version. So the first step makes all of them, and a later one what an older set lacks. */
const STEPS: readonly Step[] = [
  {
    name: 'MqTables1763800000000',
    async up(runner, dialect, tables) {
      for (const statement of await dialect.createTables(runner, tables)) await runner.query(statement);
      await runner.query(insertStripes(tables));
    },
    async down(runner, dialect, tables) {
      const missing = await missingColumns(runner, dialect, tables);
      for (const table of [tables.statusLog, tables.errorLog, tables.inbox, tables.orderStripe]) {
        // Not what somebody else has put there meanwhile.
        if (missing.get(table)?.every((column) => ERROR_COLUMNS.includes(column)))
          await runner.query(`DROP TABLE ${table}`);
      }
    },
  },
  {
    name: 'MqOperations1764300000000',
    async up(runner, dialect, tables) {
      const statements = await dialect.createTables(runner, tables);
      const described = describedTables(statements);
      const missing = await missingColumns(runner, dialect, tables);
      // Before the indexes on them.
      await addMissingColumns(runner, described, missing);
      for (const statement of statements) await runner.query(statement);
      const older = described.filter(({ quoted }) => missing.has(quoted));
      await addMissingIndexes(runner, dialect, tables, older);
      await runner.query(insertDuties(tables));
    },
    async down(runner, dialect, tables) {
      const missing = await missingColumns(runner, dialect, tables);
      for (const table of OPERATION_TABLES.map((name) => tables.table(name))) {
        if (missing.get(table)?.length === 0) await runner.query(`DROP TABLE ${table}`);
      }
      for (const [table, columns] of [
        [tables.statusLog, STATUS_COLUMNS],
        [tables.errorLog, ERROR_COLUMNS],
      ] as const) {
        if (missing.get(table)?.length !== 0) continue;
        for (const column of columns) await runner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
      }
    },
  },
];

/**
 * The migrations of one set of tables, for those who run them with TypeORM: `migrations: [...mqMigrations()]`.
 * Copies of an application that start together on an empty database must not race; TypeORM takes no lock for that,
 * {@link runMqMigrations} does.
 */
export function mqMigrations(tables: MqTables = {}): MqMigration[] {
  const location = tableLocation(tables);
  return STEPS.map((step) => migrationOf(step, location));
}

/**
 * Those of {@link mqMigrations} that a set of tables has not seen yet, by the names recorded beside it. The schema in front
 * of a recorded name counts for nothing: `tables.schema` may be set later to where the tables are anyway.
 */
export function missingMigrations(applied: ReadonlySet<string>, tables: MqTables = {}): InstanceType<MqMigration>[] {
  const location = tableLocation(tables);
  const names = [...applied];
  const missing = STEPS.filter((step) => !names.some((name) => name.endsWith(step.name)));
  return missing.map((step) => new (migrationOf(step, location))());
}

/** With prefix and schema: TypeORM refuses two migrations of one name. */
function nameOf(step: Step, { prefix, schema }: TableLocation): string {
  return `${schema === null ? '' : `${schema}_`}${prefix}${step.name}`;
}

function migrationOf(step: Step, location: TableLocation): MqMigration {
  const name = nameOf(step, location);
  // `transaction` stays unset: TypeORM's mode "all" refuses migrations that set it.
  return class implements MigrationInterface {
    readonly name = name;

    async up(runner: QueryRunner): Promise<void> {
      const { dialect, tables } = contextOf(runner, location);
      // Before anything is made. Where one is recorded the tables are ours, whatever columns later steps have left them.
      if ((await appliedMigrations(runner, dialect, tables)).size === 0)
        await refuseForeignTables(runner, dialect, tables);
      await runner.query(createMigrationsTable(tables));
      await step.up(runner, dialect, tables);
      // Recorded here and not by whoever runs it, so that the check at boot is right whoever that was.
      const insert = sql`INSERT INTO ${raw(tables.migrations)} (name, applied_at)
        SELECT v.name, ${dialect.nowMs} FROM (SELECT ${name} AS name) AS v
        WHERE NOT EXISTS (SELECT 1 FROM ${raw(tables.migrations)} AS m WHERE m.name = ${name})`.render(dialect);
      await runner.query(insert.text, insert.parameters);
    }

    async down(runner: QueryRunner): Promise<void> {
      const { dialect, tables } = contextOf(runner, location);
      await step.down(runner, dialect, tables);
      // The table may be gone, or somebody else's.
      if (!(await appliedMigrations(runner, dialect, tables)).has(name)) return;
      const remove = sql`DELETE FROM ${raw(tables.migrations)} WHERE name = ${name}`.render(dialect);
      await runner.query(remove.text, remove.parameters);
    }
  };
}

function contextOf(runner: QueryRunner, location: TableLocation): { dialect: Dialect; tables: TableNames } {
  const dataSource = dataSourceOf(runner);
  const dialect = detectDialect(dataSource);
  return {
    dialect,
    tables: tableNames(dataSource, dialect, { prefix: location.prefix, schema: location.schema ?? undefined }),
  };
}

/** Only these rows are ever locked, none is ever changed, and there are never more. */
function insertStripes(tables: TableNames): string {
  const ids = join(
    Array.from({ length: ORDER_STRIPES }, (_, id) => raw(`SELECT ${id} AS id`)),
    ' UNION ALL ',
  ).texts[0]!;
  return `INSERT INTO ${tables.orderStripe} (id) SELECT v.id FROM (${ids}) AS v
    WHERE NOT EXISTS (SELECT 1 FROM ${tables.orderStripe} AS s WHERE s.id = v.id)`;
}

/** A row for each, so that taking one is an UPDATE, and two that take it at once need no way out of a duplicate key. */
function insertDuties(tables: TableNames): string {
  return `INSERT INTO ${tables.duty} (duty, owner, until_at) SELECT v.duty, NULL, 0 FROM (SELECT 'metrics' AS duty) AS v
    WHERE NOT EXISTS (SELECT 1 FROM ${tables.duty} AS d WHERE d.duty = v.duty)`;
}
