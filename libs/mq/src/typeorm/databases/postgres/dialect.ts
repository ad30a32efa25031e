import type { QueryRunner } from 'typeorm';
import { gatePostgres, watchPostgres } from './transaction-watch.js';
import type { Dialect } from '../dialect.js';
import { postgresColumns } from './columns.js';
import { postgresTables } from './tables.js';
import { postgresSettings } from './settings.js';
import { PostgresConnection, stopConnecting } from './connection.js';
import { postgresDelivery } from './delivery.js';
import { postgresErrors } from './errors.js';
import { postgresOperations } from './operations.js';
import { postgresExamination } from './examination.js';
import { postgresSyntax } from './syntax.js';
import { join, raw, sql, type Sql } from '../../sql/sql.js';

const BEGIN = 'START TRANSACTION ISOLATION LEVEL READ COMMITTED';
const ARRAY_TYPES = { id: 'text[]', text: 'text[]', number: 'bigint[]' } as const;
/** Which connections of the pool run single statements at READ COMMITTED. */
const readCommitted = new WeakMap<object, boolean>();

/** A pool of `pg`: with replication, the one of the master. */
interface Pool {
  readonly options?: { readonly max?: unknown };
}

export const postgres: Dialect = {
  name: 'PostgreSQL',
  ...postgresSyntax,
  ...postgresErrors,
  checkSettings: postgresSettings,
  poolLimit: ({ driver }) => (driver as { master?: Pool }).master?.options?.max,

  // Not now(), which stands still for the length of a transaction, and not clock_timestamp(), which moves within a
  // statement: a volatile bound cannot be looked up in an index.
  nowMs: raw('(extract(epoch from statement_timestamp()) * 1000)::bigint'),

  updateReturning: true,
  transactionalDdl: true,
  maxParameters: 65_535,
  begin: [BEGIN],
  beginSnapshot: ['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'],

  /**
   * A bare statement is one round trip, a transaction around it three. So each connection is asked once for its default
   * level, and only those with a stricter one pay for the transaction. Behind a pooler the session may be another one by
   * then; at a stricter level than expected a statement may fail where it would have waited, and is tried again.
   */
  async standalone(runner, statement) {
    if (await isReadCommitted(runner)) return statement();
    await runner.query(BEGIN);
    try {
      const result = await statement();
      await runner.query('COMMIT');
      return result;
    } catch (error) {
      await runner.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  },

  // An array for each column, and not a list of VALUES: one text of SQL for all sizes, and a tenth of the parameters.
  relation(alias, columns, rows) {
    const arrays = columns.map((column, i) => sql`${rows.map((row) => row[i])}::${raw(ARRAY_TYPES[column.type])}`);
    return sql`unnest(${join(arrays)}) AS ${raw(`${alias}(${columns.map((column) => column.name).join(', ')})`)}`;
  },

  updateJoined: ({ table, relation, on, set }) => sql`UPDATE ${table} AS t SET ${set} FROM ${relation} WHERE ${on}`,
  deleteJoined: ({ table, relation, on }) => sql`DELETE FROM ${table} AS t USING ${relation} WHERE ${on}`,

  useIndex: () => raw(''),
  usePrimaryKey: raw(''),

  // A loose index scan, which PostgreSQL does not do by itself: DISTINCT and GROUP BY read every entry.
  keysAfter(tables, after, limit) {
    const above = (key: Sql): Sql =>
      sql`SELECT t.open_key FROM ${raw(tables.statusLog)} AS t WHERE t.open_key > ${key} ORDER BY t.open_key LIMIT 1`;
    return sql`WITH RECURSIVE keys AS (
        (${above(sql`${after}`)}) UNION ALL
        SELECT next.open_key FROM keys CROSS JOIN LATERAL (${above(raw('keys.open_key'))}) AS next)
      SELECT open_key FROM keys LIMIT ${limit}`;
  },

  inboxGroups(tables, limit) {
    const first = (after: Sql): Sql =>
      sql`SELECT i.group_id FROM ${raw(tables.inbox)} AS i${after} ORDER BY i.group_id LIMIT 1`;
    return sql`WITH RECURSIVE member AS (
        (${first(raw(''))}) UNION ALL
        SELECT next.group_id FROM member CROSS JOIN LATERAL (${first(raw(' WHERE i.group_id > member.group_id'))}) AS next)
      SELECT group_id FROM member LIMIT ${limit}`;
  },

  lanes(tables) {
    const first = (after: Sql): Sql => sql`SELECT t.connection, t.broker, t.topic, t.due_at
      FROM ${raw(tables.statusLog)} AS t WHERE t.due_at IS NOT NULL${after}
      ORDER BY t.connection, t.broker, t.topic, t.due_at LIMIT 1`;
    const following = first(raw(' AND (t.connection, t.broker, t.topic) > (lane.connection, lane.broker, lane.topic)'));
    return sql`WITH RECURSIVE lane AS (
        (${first(raw(''))}) UNION ALL SELECT next.* FROM lane CROSS JOIN LATERAL (${following}) AS next)
      SELECT connection, broker, topic, due_at FROM lane`;
  },

  asId: (text) => text,
  replaceAll: (text, pattern, replacement) =>
    sql`regexp_replace(${text}, ${pattern}::text, ${replacement}::text, ${'g'}::text)`,
  // Not md5(), which servers in FIPS mode refuse.
  sha256: (text) => sql`encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`,

  delivery: postgresDelivery,
  operations: postgresOperations,
  examination: postgresExamination,
  connectionOf: async (runner) => new PostgresConnection(runner, await runner.connect()),
  stopConnecting,
  watch: watchPostgres,
  gate: gatePostgres,
  probe: 'SELECT 1',

  // Tried again and again instead of waited for: a waiting pg_advisory_xact_lock() holds a snapshot, and CREATE INDEX
  // CONCURRENTLY in the migration of whoever has the lock would wait for that snapshot. READ COMMITTED, so that what is
  // read under the lock is what its last holder left, and so that an idle holder has no snapshot either.
  async tryLock(runner, name) {
    await runner.startTransaction('READ COMMITTED');
    const [row] = (await runner.query(`SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked`, [
      name,
    ])) as [{ locked: boolean }];
    if (row.locked) {
      // The last statement, because one with parameters would keep its portal, and with it its snapshot, until the next.
      await runner.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    } else {
      await runner.rollbackTransaction();
    }
    return row.locked;
  },
  unlock: (runner, _name, outcome) => (outcome === 'done' ? runner.commitTransaction() : runner.rollbackTransaction()),

  columnsOf: postgresColumns,
  createTables: (_runner, tables) => Promise.resolve(postgresTables(tables)),
};

async function isReadCommitted(runner: QueryRunner): Promise<boolean> {
  const client = (await runner.connect()) as object;
  let known = readCommitted.get(client);
  if (known === undefined) {
    const [row] = (await runner.query('SHOW default_transaction_isolation')) as [
      { default_transaction_isolation: string },
    ];
    known = row.default_transaction_isolation === 'read committed';
    readCommitted.set(client, known);
  }
  return known;
}
