import {
  type ErrorMeasure,
  MEASURED_ROWS,
  type OutboxMeasure,
  type TableMeasures,
} from '../../../core/store/metrics-store.js';
import type { Lane } from '../../../core/store/outbox-store.js';
import { join, raw, sql, type Sql } from '../../sql/sql.js';
import { toNumber } from '../leased-row.js';
import type { OwnConnections } from '../own-connections.js';
import { isPaused } from './paused-lanes.js';

interface MeasuredLane extends Lane {
  /** 1 or 0. */
  readonly paused: string | number;
}

/**
 * Counts what is not finished, and what is parked: three short reads, one after another, each on the indexes that hold
 * nothing else. A single GROUP BY over the table reads every finished row on MySQL, where an index on `due_at` alone is
 * missing; and no single statement on all three databases takes a share of each topic (MariaDB has no LATERAL).
 *
 * @param most rows that are looked at in each of the two tables
 */
export async function measure(own: OwnConnections, most = MEASURED_ROWS): Promise<TableMeasures> {
  const lanes = await own.read<MeasuredLane>(
    sql`SELECT l.connection, l.broker, l.topic, CASE WHEN ${isPaused(own, 'l')} THEN 1 ELSE 0 END AS paused
      FROM (${own.dialect.lanes(own.tables)}) AS l`,
  );
  const outbox = lanes.length === 0 ? [] : await measureOutbox(own, lanes, Math.ceil(most / lanes.length));
  return { outbox, errors: await measureErrors(own, most) };
}

/** The share of each topic goes to what has been due for longest. */
async function measureOutbox(
  own: OwnConnections,
  lanes: readonly MeasuredLane[],
  share: number,
): Promise<OutboxMeasure[]> {
  const { dialect, tables } = own;
  const rowsOf = ({ connection, broker, topic, paused }: MeasuredLane): Sql => sql`(
    SELECT t.topic_alias, t.status, GREATEST(t.created_at, COALESCE(t.deliver_at, 0)) AS since,
      CASE WHEN ${raw(Number(paused) === 1 ? '1 = 0' : '1 = 1')} THEN t.due_at END AS due
    FROM ${raw(tables.statusLog)} AS t ${dialect.useIndex(tables, 'ix_due')}
    WHERE t.connection = ${connection} AND t.broker = ${broker} AND t.topic = ${topic} AND t.due_at IS NOT NULL
    ORDER BY t.due_at LIMIT ${share})`;
  interface Row {
    topic: string;
    status: OutboxMeasure['status'];
    n: string | number;
    oldest: string | number;
    overdue: string | number | null;
  }
  const rows = await own.read<Row>(sql`
    SELECT u.topic_alias AS topic, u.status, COUNT(*) AS n, ${dialect.nowMs} - MIN(u.since) AS oldest,
      ${dialect.nowMs} - MIN(u.due) AS overdue
    FROM (${join(lanes.map(rowsOf), ' UNION ALL ')}) AS u GROUP BY u.topic_alias, u.status`);
  return rows.map(({ topic, status, n, oldest, overdue }) => ({
    topic,
    status,
    count: Number(n),
    oldestMs: Math.max(0, Number(oldest)),
    overdueMs: Math.max(0, toNumber(overdue) ?? 0),
  }));
}

/** NULL is where the index on retain_from keeps exactly the parked rows that nobody has resolved. */
async function measureErrors(own: OwnConnections, most: number): Promise<ErrorMeasure[]> {
  interface Row {
    topic: string | null;
    grp: string | null;
    error_class: string;
    n: string | number;
    oldest: string | number;
  }
  const rows = await own.read<Row>(sql`
    SELECT e.topic_alias AS topic, e.group_alias AS grp, e.error_class, COUNT(*) AS n, MIN(e.created_at) AS oldest
    FROM (SELECT topic_alias, group_alias, error_class, created_at FROM ${raw(own.tables.errorLog)} AS all_errors
      ${own.dialect.useIndex(own.tables, 'ix_error_retain')} WHERE retain_from IS NULL LIMIT ${most}) AS e
    GROUP BY e.topic_alias, e.group_alias, e.error_class`);
  return rows.map(({ topic, grp, error_class: errorClass, n, oldest }) => ({
    topic,
    group: grp,
    errorClass,
    count: Number(n),
    oldestAt: Number(oldest),
  }));
}
