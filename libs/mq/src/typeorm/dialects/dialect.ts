import type { DataSource, QueryRunner } from 'typeorm';
import type { Admission, TransactionWatch } from '../connection/transaction-watch.js';
import type { TableNames } from '../table-names.js';
import type { SettingFinding } from '../settings/setting-finding.js';
import type { Sql } from './sql.js';

/**
 * What the databases do differently. The rest of this layer asks this object and never for the name of a database.
 */
export interface Dialect {
  /** For people. Nothing branches on it. */
  readonly name: string;

  quote(identifier: string): string;

  /**
   * The schema (PostgreSQL) or database (MySQL) in which the data source works: the one of its options, else where TypeORM
   * found itself on its first connection, before code of the application could change that. `null` if it works in none.
   */
  home(dataSource: DataSource): string | null;

  /**
   * What is wrong with the settings of the database and of this connection.
   * @param home where the data source seems to work; `undefined` when it was named and nothing depends on it
   */
  settings(runner: QueryRunner, home: string | null | undefined): Promise<readonly SettingFinding[]>;

  /**
   * How many connections the pool that writes may open, as the driver's own pool says once TypeORM has made it. Which of the
   * options decides (`extra` over `poolSize`, that of `replication.master` too) differs from driver to driver and from
   * one version of TypeORM to another. Anything, for a pool that is none of a driver that we know.
   */
  poolLimit(dataSource: DataSource): unknown;

  /** The parameter at `position`, counted from 1. */
  placeholder(position: number): string;

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

  /** Follows a table's alias in FROM, where the optimizer may not be left to choose; empty where it cannot be told. */
  useIndex(tables: TableNames, index: string): Sql;

  /** The same for the primary key. */
  readonly usePrimaryKey: Sql;

  /**
   * `connection`, `broker`, `topic` and the earliest `due_at` of every lane with unfinished rows, as a SELECT that probes
   * `ix_due` once for each: reading all entries to tell three lanes takes 0.3 s with a million rows.
   */
  lanes(tables: TableNames): Sql;

  /** The first `limit` values of `open_key` above `after`, each once, in their order, without reading every row that has one. */
  keysAfter(tables: TableNames, after: string, limit: number): Sql;

  /** A column of any text, so that it can be compared with a column of ids by the index of that. */
  sameId(text: Sql): Sql;

  /**
   * What the server says about the transactions of this connection of the driver; one watch for each connection.
   * @throws {MqError} `MQ_CONFIG_INVALID` when this driver cannot be watched
   */
  watch(connection: object): TransactionWatch;

  /** A stand-in for this connection of the driver: what TypeORM runs on it asks for admission when its turn has come. */
  gate(connection: object, admit: Admission): object;

  /** Changes nothing, and its answer tells whether a transaction is open. */
  readonly probe: string;

  /** Takes the named lock if it is free, and never waits with a snapshot open. With {@link transactionalDdl} it begins a transaction. */
  tryLock(runner: QueryRunner, name: string): Promise<boolean>;
  /** Gives the lock back. What was done in its transaction is committed when it is `done`, else rolled back. */
  unlock(runner: QueryRunner, name: string, outcome: 'done' | 'failed'): Promise<void>;

  /** What creates the tables; every statement skips what exists. */
  createTables(runner: QueryRunner, tables: TableNames): Promise<readonly string[]>;

  /** Another transaction was in the way: lock timeout, deadlock, serialization failure. The same work may succeed at once. */
  isContention(error: unknown): boolean;
  isUniqueViolation(error: unknown): boolean;
  /** The connection broke, or could not be made. Whether the statement took effect is unknown. */
  isConnectionLost(error: unknown): boolean;
  /** A value of the statement fits into no column of its kind: out of range, too long, characters that the database has not. */
  isUnstorable(error: unknown): boolean;
  /** The table, or the schema it should be in, does not exist. */
  isMissingTable(error: unknown): boolean;
}

export interface RelationColumn {
  readonly name: string;
  /** `id`: ASCII, compared byte by byte. `text`: anything. `number`: a whole number. */
  readonly type: 'id' | 'text' | 'number';
}
