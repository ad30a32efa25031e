import type { DataSource, QueryRunner } from 'typeorm';
import { locateTables } from '../typeorm/entities/locate-tables.js';
import { HeldConnections } from '../typeorm/connection/held-connections.js';
import { detectDialect } from '../typeorm/databases/detect-dialect.js';
import type { Dialect } from '../typeorm/databases/dialect.js';
import { createMigrationsTable } from '../typeorm/migrations/create-migrations-table.js';
import { describedTables, type DescribedTable } from '../typeorm/migrations/described-tables.js';
import { runSql } from '../typeorm/sql/run-sql.js';
import type { Sql } from '../typeorm/sql/sql.js';
import type { MqTables, TableLocation, TableNames } from '../typeorm/sql/table-names.js';
import { OwnConnections } from '../typeorm/store/own-connections.js';

/** The database, for one check: whatever it runs is in a transaction that the server itself keeps from writing. */
export class DatabaseView {
  readonly dialect: Dialect;
  private readonly held: HeldConnections;

  constructor(
    readonly dataSource: DataSource,
    readonly location: TableLocation,
  ) {
    this.dialect = detectDialect(dataSource);
    this.held = new HeldConnections(dataSource);
  }

  get options(): MqTables {
    const { prefix, schema } = this.location;
    return { prefix, ...(schema !== null && { schema }) };
  }

  get tables(): TableNames {
    return locateTables(this.dataSource, this.options).tables;
  }

  /** For statements of the stores that only read. */
  get own(): OwnConnections {
    return new OwnConnections(this.dataSource, this.dialect, this.tables, this.held);
  }

  /** Runs `work` in a read-only transaction, which is rolled back. */
  read<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    return this.held.use(async (runner) => {
      await runner.query('START TRANSACTION READ ONLY');
      try {
        return await work(runner);
      } finally {
        await runner.query('ROLLBACK');
      }
    });
  }

  rows<Row>(statement: Sql): Promise<Row[]> {
    return this.read(async (runner) => (await runSql<Row>(runner, this.dialect, statement)).rows);
  }

  /** Our tables as this version creates them. */
  async described(runner: QueryRunner): Promise<DescribedTable[]> {
    const statements = await this.dialect.createTables(runner, this.tables);
    return describedTables([createMigrationsTable(this.tables), ...statements]);
  }

  /** Closes what is still in use: nobody waits for it any more. */
  abandon(): void {
    this.held.abandon();
  }
}
