import type { QueryRunner } from 'typeorm';
import type { TableNames } from '../sql/table-names.js';

/** What a doctor reads of a database beside our own tables. Every method reads only, and throws what the database refuses. */
export interface Examination {
  /** Of those of these tables that exist. @param schema `null` for the one in which this connection works */
  columns(runner: QueryRunner, schema: string | null, tables: readonly string[]): Promise<FoundColumn[]>;
  indexes(runner: QueryRunner, schema: string | null, tables: readonly string[]): Promise<FoundIndex[]>;
  checks(runner: QueryRunner, schema: string | null, tables: readonly string[]): Promise<FoundCheck[]>;
  /** What works at every level, and costs or hurts at some; the rest is refused at boot. */
  cautions(runner: QueryRunner): Promise<Caution[]>;
  /** Transactions of others in this database that have been open for longer. */
  openTransactions(runner: QueryRunner, olderThanMs: number): Promise<OpenTransaction[]>;
  /** How the planner would run a statement. @throws what the database says of a statement that it cannot run */
  plan(runner: QueryRunner, text: string, parameters: readonly unknown[]): Promise<Plan>;
  /** Rows that were changed or deleted and still take room, of those of our tables where they are more than what is left of it. */
  deadRows(runner: QueryRunner, tables: TableNames): Promise<DeadRows[]>;
  /** The statements that put right what was found. */
  readonly mend: Mend;
}

export interface FoundColumn {
  readonly table: string;
  readonly name: string;
  /** In the words of the statements that create our tables: `varchar(36)`, not `character varying(36)`. */
  readonly type: string;
  /** `null` for what has none, or that of the database. */
  readonly collation: string | null;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
}

export interface FoundIndex {
  readonly table: string;
  /** `null` for the primary key. */
  readonly name: string | null;
  readonly columns: readonly string[];
  /** `false`: it is there, and no statement uses it. */
  readonly usable: boolean;
}

export interface FoundCheck {
  readonly table: string;
  readonly name: string;
  /** `false`: rows from before it was made, or all rows, may break it. */
  readonly enforced: boolean;
}

export interface Caution {
  readonly setting: string;
  readonly value: string;
  readonly sentence: string;
  readonly todo: string;
}

export interface OpenTransaction {
  readonly session: string;
  readonly user: string | null;
  readonly state: string;
  readonly openMs: number;
  /** The statement that ends it. */
  readonly end: string;
}

export interface Plan {
  readonly indexes: readonly string[];
  /** Whether it reads a whole table that is not small. */
  readonly readsWholeTable: boolean;
}

export interface DeadRows {
  readonly table: string;
  readonly dead: number;
  readonly live: number;
}

export interface Mend {
  addColumn(table: string, name: string, definition: string): string;
  changeColumn(
    table: string,
    name: string,
    column: { readonly type: string; readonly collation: string | null; readonly definition: string },
  ): string;
  relaxColumn(table: string, name: string, type: string): string;
  /** @param index `null` for the primary key */
  addIndex(table: string, index: string | null, definition: string): string;
  /** Of one that exists and is not what it should be. */
  replaceIndex(table: string, index: string | null, definition: string): string;
  addCheck(table: string, name: string, definition: string): string;
  enforceCheck(table: string, name: string): string;
  cleanUp(table: string): string;
}
