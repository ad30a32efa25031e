import type { DataSource } from 'typeorm';
import { MqError } from '../core/errors/mq-error.js';
import type { Dialect } from './dialects/dialect.js';

/** Where the tables of a connection are. */
export interface MqTables {
  /** First part of every table name. Letters, digits and `_`, at most 32. Default `mq_`. */
  readonly prefix?: string | undefined;
  /** Schema on PostgreSQL, database on MySQL and MariaDB. Default: the one the data source came up in. */
  readonly schema?: string | undefined;
}

/** Checked, with the defaults filled in. */
export interface TablePlace {
  readonly prefix: string;
  readonly schema: string | null;
}

/** Names ready to stand in SQL: quoted, with their schema. */
export interface TableNames extends TablePlace {
  readonly statusLog: string;
  readonly errorLog: string;
  readonly inbox: string;
  readonly orderStripe: string;
  readonly migrations: string;
  /** An index or constraint of ours: PostgreSQL has one name space for all indexes of a schema, MySQL 8 one for all constraints. */
  named(suffix: string): string;
}

/** What a set of tables consists of: their names without the prefix. */
export const TABLES = ['order_stripe', 'status_log', 'error_log', 'inbox', 'migrations'] as const;

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
export function tablePlace(tables: MqTables = {}, connection = 'default'): TablePlace {
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

/** {@link tablePlace} of what stands in the module's options, where a name that is misspelt must not mean the default. */
export function configuredTables(tables: MqTables | undefined, connection: string | undefined): TablePlace {
  const unknown = Object.keys(tables ?? {}).find((key) => key !== 'prefix' && key !== 'schema');
  if (unknown !== undefined) {
    throw new MqError('MQ_CONFIG_INVALID', `tables.${unknown}: unknown option; known here: prefix, schema`);
  }
  return tablePlace(tables, connection);
}

/**
 * Never without a schema: `SET LOCAL search_path` and `USE`, with which applications choose a tenant, would otherwise lead
 * our statements to the tenant's tables, or to none.
 *
 * `entityPrefix` and naming strategies have no say here. They may change from one version of an application to the next,
 * and the rows of the older names would be left behind; {@link pinEntities} takes care that TypeORM sees it the same way.
 */
export function tableNames(dataSource: DataSource, dialect: Dialect, tables: MqTables = {}): TableNames {
  const { prefix, schema: given } = tablePlace(tables);
  const schema = given ?? dialect.home(dataSource);
  const place = schema === null ? '' : `${dialect.quote(schema)}.`;
  const table = (name: (typeof TABLES)[number]): string => place + dialect.quote(prefix + name);
  return {
    prefix,
    schema,
    statusLog: table('status_log'),
    errorLog: table('error_log'),
    inbox: table('inbox'),
    orderStripe: table('order_stripe'),
    migrations: table('migrations'),
    named: (suffix) => dialect.quote(prefix + suffix),
  };
}
