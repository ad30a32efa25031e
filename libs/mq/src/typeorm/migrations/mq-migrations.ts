import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ORDER_STRIPES } from '../../core/store/order-key.js';
import { dataSourceOfRunner } from '../data-source-of-runner.js';
import { detectDialect } from '../dialects/detect-dialect.js';
import type { Dialect } from '../dialects/dialect.js';
import { join, raw, sql } from '../dialects/sql.js';
import { tableNames, tablePlace, type MqTables, type TableNames, type TablePlace } from '../table-names.js';

export type MqMigration = new () => MigrationInterface & { readonly name: string };

/** What one version of this library changes. Never edit one that was released; append. */
interface Step {
  /** Ends in a timestamp: TypeORM sorts by it. */
  readonly name: string;
  /** Skips what exists: it may have been run by TypeORM before, or have stopped halfway where DDL is not transactional. */
  up(runner: QueryRunner, dialect: Dialect, tables: TableNames): Promise<void>;
  down(runner: QueryRunner, tables: TableNames): Promise<void>;
}

const STEPS: readonly Step[] = [
  {
    name: 'MqTables1763800000000',
    async up(runner, dialect, tables) {
      for (const statement of await dialect.createTables(runner, tables)) await runner.query(statement);
      await runner.query(insertStripes(tables));
    },
    async down(runner, tables) {
      for (const table of [tables.statusLog, tables.errorLog, tables.inbox, tables.orderStripe]) {
        await runner.query(`DROP TABLE IF EXISTS ${table}`);
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
  const place = tablePlace(tables);
  return STEPS.map((step) => migrationOf(step, place));
}

/**
 * Those of {@link mqMigrations} that a set of tables has not seen yet, by the names recorded beside it. The schema in front
 * of a recorded name counts for nothing: `tables.schema` may be set later to where the tables are anyway.
 */
export function missingMigrations(applied: ReadonlySet<string>, tables: MqTables = {}): InstanceType<MqMigration>[] {
  const place = tablePlace(tables);
  const names = [...applied];
  const missing = STEPS.filter((step) => !names.some((name) => name.endsWith(step.name)));
  return missing.map((step) => new (migrationOf(step, place))());
}

/** In our own table and not in that of TypeORM: each set of tables knows by itself what it has seen. */
export function createMigrationsTable(tables: TableNames): string {
  return `CREATE TABLE IF NOT EXISTS ${tables.migrations} (name varchar(160) NOT NULL, applied_at bigint NOT NULL, PRIMARY KEY (name))`;
}

/** With prefix and schema: TypeORM refuses two migrations of one name. */
function nameOf(step: Step, { prefix, schema }: TablePlace): string {
  return `${schema === null ? '' : `${schema}_`}${prefix}${step.name}`;
}

function migrationOf(step: Step, place: TablePlace): MqMigration {
  const name = nameOf(step, place);
  // `transaction` stays unset: TypeORM's mode "all" refuses migrations that set it.
  return class implements MigrationInterface {
    readonly name = name;

    async up(runner: QueryRunner): Promise<void> {
      const { dialect, tables } = contextOf(runner, place);
      await runner.query(createMigrationsTable(tables));
      await step.up(runner, dialect, tables);
      // Recorded here and not by whoever runs it, so that the check at boot is right whoever that was.
      const insert = sql`INSERT INTO ${raw(tables.migrations)} (name, applied_at)
        SELECT v.name, ${dialect.nowMs} FROM (SELECT ${name} AS name) AS v
        WHERE NOT EXISTS (SELECT 1 FROM ${raw(tables.migrations)} AS m WHERE m.name = ${name})`.render(dialect);
      await runner.query(insert.text, insert.parameters);
    }

    async down(runner: QueryRunner): Promise<void> {
      const { dialect, tables } = contextOf(runner, place);
      await step.down(runner, tables);
      const remove = sql`DELETE FROM ${raw(tables.migrations)} WHERE name = ${name}`.render(dialect);
      await runner.query(remove.text, remove.parameters);
    }
  };
}

function contextOf(runner: QueryRunner, place: TablePlace): { dialect: Dialect; tables: TableNames } {
  const dataSource = dataSourceOfRunner(runner);
  const dialect = detectDialect(dataSource);
  return {
    dialect,
    tables: tableNames(dataSource, dialect, { prefix: place.prefix, schema: place.schema ?? undefined }),
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
