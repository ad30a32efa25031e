import { gateMysql, watchMysql } from './transaction-watch.js';
import type { Dialect, RelationColumn } from '../dialect.js';
import { mysqlColumns } from './columns.js';
import { MysqlConnection, stopConnecting } from './connection.js';
import { mysqlDelivery } from './delivery.js';
import { mysqlErrors } from './errors.js';
import { mysqlOperations } from './operations.js';
import { mysqlExamination } from './examination.js';
import { mysqlSyntax } from './syntax.js';
import { exactCollation, ID_COLLATION, mysqlTables } from './tables.js';
import { mysqlSettings } from './settings.js';
import { join, raw, sql, type Sql } from '../../sql/sql.js';

const READ_COMMITTED = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED';

/** A pool of `mysql2`. */
interface Pool {
  readonly config?: { readonly connectionLimit?: unknown };
}
/** What TypeORM's driver keeps: one pool, or with replication a cluster of them under names that TypeORM gives. */
interface Pools {
  readonly pool?: Pool;
  readonly poolCluster?: { readonly _nodes?: Readonly<Record<string, { readonly pool?: Pool }>> };
}

/** MySQL from 8.0.16, MariaDB from 10.6: what both understand. */
export const mysql: Dialect = {
  name: 'MySQL or MariaDB',
  ...mysqlSyntax,
  ...mysqlErrors,
  checkSettings: mysqlSettings,
  poolLimit: ({ driver }) => {
    const { pool, poolCluster } = driver as Pools;
    return (pool ?? poolCluster?._nodes?.['MASTER']?.pool)?.config?.connectionLimit;
  },

  // UTC on both sides, so neither the session's time zone nor daylight saving can move it.
  nowMs: raw(`(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000)`),

  updateReturning: false,
  transactionalDdl: false,
  // mysql2 puts parameters into the text, so the limit is max_allowed_packet; this keeps parsing short.
  maxParameters: 65_535,
  begin: [READ_COMMITTED, 'START TRANSACTION'],
  beginSnapshot: [
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
  ],

  // Without SESSION it counts for the next transaction only, and a bare statement is one: nothing has to be restored
  // before the connection goes back to the pool.
  async standalone(runner, statement) {
    await runner.query(READ_COMMITTED);
    return statement();
  },

  relation(alias, columns, rows) {
    const selects = rows.map((row) => {
      const cells = columns.map((column, i) => sql`${typed(column, row[i])} AS ${raw(column.name)}`);
      return sql`SELECT ${join(cells)}`;
    });
    return sql`(${join(selects, ' UNION ALL ')}) AS ${raw(alias)}`;
  },

  // STRAIGHT_JOIN: the other way round it would read, and lock, the whole table.
  updateJoined: ({ table, relation, on, set }) =>
    sql`UPDATE ${relation} STRAIGHT_JOIN ${table} AS t ON ${on} SET ${set}`,
  deleteJoined: ({ table, relation, on }) => sql`DELETE t FROM ${relation} STRAIGHT_JOIN ${table} AS t ON ${on}`,

  asId: (text) => sql`${text} COLLATE ${raw(ID_COLLATION)}`,
  // MySQL 8.0.16 answers UTF-16.
  replaceAll: (text, pattern, replacement) =>
    sql`CONVERT(REGEXP_REPLACE(${text}, ${pattern}, ${replacement}) USING utf8mb4)`,
  sha256: (text) => sql`SHA2(${text}, 256)`,

  // When most rows are due, as after an outage, MariaDB reads and sorts the whole table instead, for 50 of 200 rows as for
  // 15,000 of 20,000. With FOR UPDATE that locks all of them, and a second relay gets none.
  useIndex: (tables, index) => raw(`FORCE INDEX (${tables.named(index)})`),
  usePrimaryKey: raw('FORCE INDEX (PRIMARY)'),

  lanes: (tables) => sql`SELECT connection, broker, topic, MIN(due_at) AS due_at
    FROM ${raw(tables.statusLog)} FORCE INDEX (${raw(tables.named('ix_due'))})
    GROUP BY connection, broker, topic HAVING MIN(due_at) IS NOT NULL`,

  inboxGroups: (tables, limit) => sql`SELECT group_id, MIN(message_id) AS first
    FROM ${raw(tables.inbox)} FORCE INDEX (PRIMARY) GROUP BY group_id LIMIT ${limit}`,

  // "Using index for group-by": a loose index scan. Without the aggregate MySQL reads every entry.
  keysAfter: (tables, after, limit) => sql`SELECT t.open_key, MIN(t.seq) AS seq
    FROM ${raw(tables.statusLog)} AS t FORCE INDEX (${raw(tables.named('ix_open'))})
    WHERE t.open_key > ${after} GROUP BY t.open_key ORDER BY t.open_key LIMIT ${limit}`,

  delivery: mysqlDelivery,
  operations: mysqlOperations,
  examination: mysqlExamination,
  connectionOf: async (runner) => new MysqlConnection(runner, await runner.connect()),
  stopConnecting,
  watch: watchMysql,
  gate: gateMysql,
  probe: 'DO 0',

  async tryLock(runner, name) {
    const [row] = (await runner.query('SELECT GET_LOCK(?, 0) AS locked', [name])) as [{ locked: unknown }];
    return Number(row.locked) === 1;
  },
  async unlock(runner, name) {
    await runner.query('SELECT RELEASE_LOCK(?)', [name]);
  },

  columnsOf: mysqlColumns,
  createTables: async (runner, tables) => mysqlTables(tables, await exactCollation(runner)),
};

/** A bare literal takes the collation of the connection, and an index in another one is not used. */
function typed(column: RelationColumn, value: unknown): Sql {
  switch (column.type) {
    case 'id':
      return sql`CONVERT(${value} USING utf8mb4) COLLATE ${raw(ID_COLLATION)}`;
    case 'number':
      return sql`CAST(${value} AS SIGNED)`;
    case 'text':
      return sql`CONVERT(${value} USING utf8mb4)`;
  }
}
