import { gateMysql, watchMysql } from '../connection/mysql-watch.js';
import type { Dialect, RelationColumn } from './dialect.js';
import { driverErrorOf, SOCKET_CODES } from './driver-error.js';
import { ID_COLLATION } from './id-collation.js';
import { exactCollation, mysqlTables } from './mysql-tables.js';
import { mysqlSettings } from '../settings/mysql-settings.js';
import { join, raw, sql, type Sql } from './sql.js';

const READ_COMMITTED = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED';

/** Deadlock, lock wait timeout, row changed under a snapshot (MariaDB's `innodb_snapshot_isolation`). */
const CONTENTION: ReadonlySet<number> = new Set([1213, 1205, 1020]);
/** Out of range, not of this character set (three ways), too long, not comparable. */
const UNSTORABLE: ReadonlySet<number> = new Set([1264, 1366, 1300, 3988, 1406, 1267]);
/** No such table, no such database. */
const MISSING: ReadonlySet<number> = new Set([1146, 1049]);
/** Shutdown, connection killed, idle for too long. */
const LOST: ReadonlySet<number> = new Set([1053, 1927, 3169, 4031]);

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
  quote: (identifier) => `\`${identifier.replaceAll('`', '``')}\``,
  home: ({ driver }) => driver.database || null,
  settings: mysqlSettings,
  poolLimit: ({ driver }) => {
    const { pool, poolCluster } = driver as Pools;
    return (pool ?? poolCluster?._nodes?.['MASTER']?.pool)?.config?.connectionLimit;
  },
  placeholder: () => '?',

  // UTC on both sides, so neither the session's time zone nor daylight saving can move it.
  nowMs: raw(`(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000)`),

  updateReturning: false,
  transactionalDdl: false,
  // mysql2 puts parameters into the text, so the limit is max_allowed_packet; this keeps parsing short.
  maxParameters: 65_535,
  begin: [READ_COMMITTED, 'START TRANSACTION'],

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

  sameId: (text) => sql`${text} COLLATE ${raw(ID_COLLATION)}`,

  // When most rows are due, as after an outage, MariaDB reads and sorts the whole table instead, for 50 of 200 rows as for
  // 15,000 of 20,000. With FOR UPDATE that locks all of them, and a second relay gets none.
  useIndex: (tables, index) => raw(`FORCE INDEX (${tables.named(index)})`),
  usePrimaryKey: raw('FORCE INDEX (PRIMARY)'),

  lanes: (tables) => sql`SELECT connection, broker, topic, MIN(due_at) AS due_at
    FROM ${raw(tables.statusLog)} FORCE INDEX (${raw(tables.named('ix_due'))})
    GROUP BY connection, broker, topic HAVING MIN(due_at) IS NOT NULL`,

  // "Using index for group-by": a loose index scan. Without the aggregate MySQL reads every entry.
  keysAfter: (tables, after, limit) => sql`SELECT t.open_key, MIN(t.seq) AS seq
    FROM ${raw(tables.statusLog)} AS t FORCE INDEX (${raw(tables.named('ix_open'))})
    WHERE t.open_key > ${after} GROUP BY t.open_key ORDER BY t.open_key LIMIT ${limit}`,

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

  createTables: async (runner, tables) => mysqlTables(tables, await exactCollation(runner)),

  isContention: (error) => CONTENTION.has(driverErrorOf(error).errno),
  isUniqueViolation: (error) => driverErrorOf(error).errno === 1062,
  isUnstorable: (error) => UNSTORABLE.has(driverErrorOf(error).errno),
  isMissingTable: (error) => MISSING.has(driverErrorOf(error).errno),
  isConnectionLost(error) {
    const { code, errno, fatal, message } = driverErrorOf(error);
    return (
      fatal ||
      LOST.has(errno) ||
      SOCKET_CODES.has(code) ||
      code.startsWith('PROTOCOL_') ||
      message.includes('closed state')
    );
  },
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
