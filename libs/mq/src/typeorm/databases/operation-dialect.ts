import type { SqlResult } from '../sql/run-sql.js';
import type { Sql } from '../sql/sql.js';

/** What the databases do differently in the tables of those who operate the application. */
export interface OperationDialect {
  /**
   * Inserts a row, or overwrites columns of the one that is there, and answers a whole number from the same statement:
   * {@link answerOf} reads it.
   */
  upsertAndAnswer(parts: UpsertParts & { readonly answer: Sql }): Sql;
  answerOf(result: SqlResult<{ answer?: unknown }>): number;

  /** Inserts a row, or changes columns of the one that is there. */
  upsert(parts: UpsertParts): Sql;
}

export interface UpsertParts {
  /** Quoted. */
  readonly table: string;
  readonly columns: readonly string[];
  /** One for each column; of the last one a number. */
  readonly values: readonly Sql[];
  /** Columns of the primary key. */
  readonly key: readonly string[];
  /** Columns that get the new value where there is a row. */
  readonly overwrite: readonly string[];
  /** A column of the table to count up where there is a row. */
  readonly countUp?: string;
}
