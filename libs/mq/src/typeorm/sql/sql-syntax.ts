import type { DataSource } from 'typeorm';

/** What SQL is written with; every `Dialect` has it. This folder knows no more of a database. */
export interface SqlSyntax {
  quote(identifier: string): string;

  /** The parameter at `position`, counted from 1. */
  placeholder(position: number): string;

  /**
   * The schema (PostgreSQL) or database (MySQL) in which the data source works: the one of its options, else where TypeORM
   * found itself on its first connection, before code of the application could change that. `null` if it works in none.
   */
  defaultSchema(dataSource: DataSource): string | null;
}
