import type { DataSource } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import type { SqlSyntax } from './sql-syntax.js';

/** Which tables a connection uses, as its options say. */
export interface MqTables {
  /** First part of every table name. Letters, digits and `_`, at most 32. Default `mq_`. */
  readonly prefix?: string | undefined;
  /** Schema on PostgreSQL, database on MySQL and MariaDB. Default: the one the data source came up in. */
  readonly schema?: string | undefined;
}

/** Prefix and schema of a set of tables: checked, with the defaults filled in. */
export interface TableLocation {
  readonly prefix: string;
  readonly schema: string | null;
}

/** Names ready to stand in SQL: quoted, with their schema. */
export interface TableNames extends TableLocation {
  readonly statusLog: string;
  readonly errorLog: string;
  readonly inbox: string;
  readonly orderStripe: string;
  readonly node: string;
  readonly pause: string;
  readonly action: string;
  readonly copy: string;
  readonly duty: string;
  readonly migrations: string;
  /** Any of them, by its name without the prefix. */
  table(name: (typeof TABLES)[number]): string;
  /** An index or constraint of ours: PostgreSQL has one name space for all indexes of a schema, MySQL 8 one for all constraints. */
  named(suffix: string): string;
}

/** What every set of tables has, of whatever version: their names without the prefix. */
export const BASE_TABLES = ['order_stripe', 'status_log', 'error_log', 'inbox', 'migrations'] as const;

/** What a set of tables of this version consists of. */
export const TABLES = [...BASE_TABLES, 'node', 'pause', 'action', 'copy', 'duty'] as const;

export const DEFAULT_PREFIX = 'mq_';

// 32 + the longest suffix stay below the 63 characters that PostgreSQL keeps of a name; it cuts the rest off silently.
const PREFIX = /^[A-Za-z_][A-Za-z0-9_]{0,31}$/;
const SCHEMA = /^[A-Za-z_][A-Za-z0-9_$-]{0,62}$/;

/** The prefix of a connection that names none: `mq_` for the default one, `mq_<name>_` for others. */
export function defaultPrefix(connection = 'default'): string {
  return connection === 'default' ? DEFAULT_PREFIX : `${DEFAULT_PREFIX}${connection.replace(/[^A-Za-z0-9_]/g, '_')}_`;
}

/** Whether the name of a table may begin with this. */
export function isTablePrefix(prefix: string): boolean {
  return PREFIX.test(prefix);
}

/**
 * Checks a prefix and a schema, which are parts of SQL statements from here on.
 * @throws {MqError} `MQ_CONFIG_INVALID`
 */
export function tableLocation(tables: MqTables = {}, connection = 'default'): TableLocation {
  const prefix = tables.prefix ?? defaultPrefix(connection);
  if (!isTablePrefix(prefix)) {
    throw new MqError(
      'MQ_CONFIG_INVALID',
      `tables.prefix is ${JSON.stringify(prefix)}; write a letter or _ and then at most 31 letters, digits or _`,
    );
  }
  const schema = tables.schema ?? null;
  if (schema !== null && !SCHEMA.test(schema)) {
    throw new MqError(
      'MQ_CONFIG_INVALID',
      `tables.schema is ${JSON.stringify(schema)}; write the name of one schema (PostgreSQL) or database (MySQL) of letters, digits, _, $ or -`,
    );
  }
  return { prefix, schema };
}

/** {@link tableLocation} of what stands in the module's options, where a name that is misspelt must not mean the default. */
export function configuredTables(tables: MqTables | undefined, connection: string | undefined): TableLocation {
  const unknown = Object.keys(tables ?? {}).find((key) => key !== 'prefix' && key !== 'schema');
  if (unknown !== undefined) {
    throw new MqError('MQ_CONFIG_INVALID', `tables.${unknown}: unknown option; known here: prefix, schema`);
  }
  return tableLocation(tables, connection);
}

/**
 * Makes the names of a set of tables, never without a schema: `SET LOCAL search_path` and `USE`, with which applications choose a tenant, would otherwise lead
 * our statements to the tenant's tables, or to none.
 *
 * `entityPrefix` and naming strategies do not count here. They may change from one version of an application to the next,
 * and the rows of the older names would be left behind; `pinEntities()` takes care that TypeORM sees it the same way.
 */
export function tableNames(dataSource: DataSource, syntax: SqlSyntax, tables: MqTables = {}): TableNames {
  const { prefix, schema: given } = tableLocation(tables);
  const schema = given ?? syntax.defaultSchema(dataSource);
  const before = schema === null ? '' : `${syntax.quote(schema)}.`;
  const table = (name: (typeof TABLES)[number]): string => before + syntax.quote(prefix + name);
  return {
    prefix,
    schema,
    statusLog: table('status_log'),
    errorLog: table('error_log'),
    inbox: table('inbox'),
    orderStripe: table('order_stripe'),
    node: table('node'),
    pause: table('pause'),
    action: table('action'),
    copy: table('copy'),
    duty: table('duty'),
    migrations: table('migrations'),
    table,
    named: (suffix) => syntax.quote(prefix + suffix),
  };
}
