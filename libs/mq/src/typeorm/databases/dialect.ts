import type { DataSource, QueryRunner } from 'typeorm';
import type { Admission, TransactionWatch } from './transaction-watch.js';
import type { TableNames } from '../sql/table-names.js';
import type { SettingProblem } from './setting-problem.js';
import type { Sql } from '../sql/sql.js';
import type { SqlSyntax } from '../sql/sql-syntax.js';
import type { DeliveryDialect } from './delivery-dialect.js';
import type { OperationDialect } from './operation-dialect.js';
import type { DialectErrors } from './dialect-errors.js';
import type { Examination } from './examination.js';
import type { RawConnection } from './raw-connection.js';

/**
 * Everything that databases do differently. The rest of this layer calls its methods, and never asks for the name of a database.
 */
export interface Dialect extends SqlSyntax, DialectErrors {
  /** For people. Nothing branches on it. */
  readonly name: string;

  /**
   * What is wrong with the settings of the database and of this connection.
   * @param defaultSchema where the data source seems to work; `undefined` when it was named and nothing depends on it
   */
  checkSettings(runner: QueryRunner, defaultSchema: string | null | undefined): Promise<readonly SettingProblem[]>;

  /**
   * How many connections the pool that writes may open, as the driver's own pool says once TypeORM has made it. Which of the
   * options decides (`extra` over `poolSize`, that of `replication.master` too) differs from driver to driver and from
   * one version of TypeORM to another. Any value, for a pool of an unknown driver.
   */
  poolLimit(dataSource: DataSource): unknown;

  /**
   * The database's clock in epoch milliseconds, fixed for the length of a statement, whatever the session's time zone is.
   */
  readonly nowMs: Sql;

  /** Whether `UPDATE … RETURNING` exists, and `UPDATE` inside a common table expression with it. */
  readonly updateReturning: boolean;

  /** Whether tables can be created in a transaction, which then is the lock as well. */
  readonly transactionalDdl: boolean;

  /** How many parameters one statement takes. */
  readonly maxParameters: number;

  /** Statements that open a transaction at READ COMMITTED. */
  readonly begin: readonly string[];

  /** Statements that open a transaction which only reads, all of it as of one moment. */
  readonly beginSnapshot: readonly string[];

  /**
   * Runs one statement by itself at READ COMMITTED, whatever level this session has by default.
   * The level matters: the default of MySQL locks gaps that producers insert into, the strict levels of PostgreSQL fail
   * where READ COMMITTED waits.
   */
  standalone<T>(runner: QueryRunner, statement: () => Promise<T>): Promise<T>;

  /**
   * A relation of the given rows of texts, as an item of FROM, e.g. `unnest(…) AS v(id, token)`. Its columns compare
   * with columns of ours by their index: same character set, same collation.
   * @param alias of the relation
   * @param rows at least one
   */
  relation(alias: string, columns: readonly RelationColumn[], rows: readonly (readonly unknown[])[]): Sql;

  /** `UPDATE <table> AS t … FROM <relation>`, with the relation read first and the table by its primary key. */
  updateJoined(parts: { table: Sql; relation: Sql; on: Sql; set: Sql }): Sql;

  /** `DELETE FROM <table> AS t USING <relation>`, read in the same order. */
  deleteJoined(parts: { table: Sql; relation: Sql; on: Sql }): Sql;

  /** Follows a table's alias in FROM, where the optimizer may not be left to choose; empty where it cannot be told. */
  useIndex(tables: TableNames, index: string): Sql;

  /** The same for the primary key. */
  readonly usePrimaryKey: Sql;

  /**
   * `connection`, `broker`, `topic` and the earliest `due_at` of every lane with unfinished rows, as a SELECT that probes
   * `ix_due` once for each: reading all entries to tell three lanes takes 0.3 s with a million rows.
   */
  lanes(tables: TableNames): Sql;

  /** The first `limit` values of `group_id` in the inbox, each once: a probe for each, however many messages they have handled. */
  inboxGroups(tables: TableNames, limit: number): Sql;

  /** The first `limit` values of `open_key` above `after`, each once, in their order, without reading every row that has one. */
  keysAfter(tables: TableNames, after: string, limit: number): Sql;

  /** A column of any text, so that it can be compared with a column of ids by the index of that. */
  asId(text: Sql): Sql;

  /** `text` with each match of a regular expression replaced. Only what all databases read alike: classes, `*`, `{m,n}`. */
  replaceAll(text: Sql, pattern: string, replacement: string): Sql;

  /** SHA-256 of a text in UTF-8, in hex. */
  sha256(text: Sql): Sql;

  /** What a delivery does differently. */
  readonly delivery: DeliveryDialect;

  /** What the tables of those who operate the application are written with. */
  readonly operations: OperationDialect;

  /** What a doctor reads. */
  readonly examination: Examination;

  /** The driver's connection under a query runner. */
  connectionOf(runner: QueryRunner): Promise<RawConnection>;

  /** Ends the attempts of this data source's pool to make a connection, which may wait for a server without any limit. */
  stopConnecting(dataSource: DataSource): void;

  /**
   * What the server says about the transactions of this connection of the driver; one watch for each connection.
   * @throws {MqError} `MQ_CONFIG_INVALID` when this driver cannot be watched
   */
  watch(connection: object): TransactionWatch;

  /** A wrapper around this connection of the driver. Statements that TypeORM runs on it call `admit` when they leave the driver's queue. */
  gate(connection: object, admit: Admission): object;

  /** A statement that changes nothing. Its answer tells whether a transaction is open. */
  readonly probe: string;

  /** Takes the named lock if it is free, and never waits with a snapshot open. With {@link transactionalDdl} it begins a transaction. */
  tryLock(runner: QueryRunner, name: string): Promise<boolean>;
  /** Gives the lock back. What was done in its transaction is committed when it is `done`, else rolled back. */
  unlock(runner: QueryRunner, name: string, outcome: 'done' | 'failed'): Promise<void>;

  /**
   * The columns of those of these tables that exist, by the names of the tables. The catalogue knows, so no statement fails
   * where there are none.
   * @param schema `null` for the one in which this connection works
   */
  columnsOf(
    runner: QueryRunner,
    schema: string | null,
    tables: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlySet<string>>>;

  /** The statements that create the tables; each skips what exists. */
  createTables(runner: QueryRunner, tables: TableNames): Promise<readonly string[]>;
}

export interface RelationColumn {
  readonly name: string;
  /** `id`: ASCII, compared byte by byte. `text`: anything. `number`: a whole number. */
  readonly type: 'id' | 'text' | 'number';
}
