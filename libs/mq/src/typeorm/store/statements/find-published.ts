import type { AdminFilter, MessageFilter } from '../../../core/store/admin-filter.js';
import type { AdminRecord } from '../../../core/store/admin-record.js';
import { UNFINISHED } from '../../../core/store/outbox-row.js';
import type { Lane } from '../../../core/store/outbox-store.js';
import { join, raw, sql, type Sql } from '../../sql/sql.js';
import { toNumber } from '../leased-row.js';
import type { OwnConnections } from '../own-connections.js';
import { errorGroupId } from './error-group-id.js';
import { messageConditions } from './message-conditions.js';
import { hasParkedError } from './parked-errors.js';
import { undecidedDead } from './undecided.js';

interface Row {
  readonly id: string;
  readonly replay_of: string | null;
  readonly topic_alias: string;
  readonly settle_group: string | null;
  readonly tag: string | null;
  readonly msg_key: string;
  readonly status: AdminRecord['status'];
  readonly failed_count: number;
  readonly last_error_code: string | null;
  readonly last_error: string | null;
  readonly created_at: string;
  readonly due_at: string | null;
  readonly resolution: string | null;
  readonly unresolved: unknown;
  readonly blocked_by: string | null;
}

/**
 * Rows of the outbox, newest first: ids sort by the time of their making, so the primary key is the order. A dead row
 * that somebody has replayed or discarded is shown as `RESOLVED`.
 */
export async function findPublished(
  own: OwnConnections,
  filter: AdminFilter,
  limit: number,
  lanes?: readonly Lane[],
): Promise<AdminRecord[]> {
  // A group belongs to deliveries, and PARKED is what a delivery is.
  if (filter.group !== undefined || filter.status === 'PARKED') return [];
  const { tables } = own;
  const all = publishedConditions(own, filter);
  if (filter.before !== undefined) all.push(sql`t.id < ${filter.before}`);
  const unresolved = hasParkedError(tables, 'unresolved');
  const resolution = sql`SELECT e.resolution FROM ${raw(tables.errorLog)} AS e WHERE e.message_id = t.id AND e.parked
    AND e.resolved_at IS NOT NULL ORDER BY e.resolved_at DESC LIMIT 1`;
  const older = sql`FROM ${raw(tables.statusLog)} AS h ${own.dialect.useIndex(tables, 'ix_open')}
    WHERE h.open_key = t.open_key AND h.seq < t.seq`;
  const ahead = sql`SELECT h.id ${older} ORDER BY h.seq LIMIT 1`;
  if (filter.blocked) all.push(sql`t.due_at IS NOT NULL AND EXISTS (SELECT 1 ${older})`);
  if (lanes) all.push(ofLanes(lanes));
  const rows = await own.read<Row>(sql`
    SELECT t.id, t.replay_of, t.topic_alias, t.settle_group, t.tag, t.msg_key, t.status, t.failed_count, t.last_error_code,
      t.last_error, t.created_at, t.due_at,
      CASE t.status WHEN 'DEAD' THEN (${resolution}) WHEN 'CANCELLED' THEN t.last_error END AS resolution,
      CASE WHEN t.status = 'DEAD' AND ${unresolved} THEN 1 ELSE 0 END AS unresolved,
      CASE WHEN t.due_at IS NOT NULL THEN (${ahead}) END AS blocked_by
    FROM ${publishedFrom(own, filter)} WHERE ${join(all, ' AND ')} ORDER BY t.id DESC LIMIT ${limit}`);
  return rows.map(toRecord);
}

/** Unfinished rows that were published there. */
function ofLanes(lanes: readonly Lane[]): Sql {
  const each = lanes.map(
    ({ connection, broker, topic }) =>
      sql`(t.connection = ${connection} AND t.broker = ${broker} AND t.topic = ${topic})`,
  );
  return sql`t.due_at IS NOT NULL AND (${join(each, ' OR ')})`;
}

/** The outbox as `t`; only a few of its rows where the error table knows which ones are meant. */
export function publishedFrom(
  { dialect, tables }: OwnConnections,
  { status, errorGroup }: MessageFilter,
  causes: 'all' | 'relay' = 'all',
): Sql {
  const joins: Sql[] = [];
  if (status === 'DEAD') joins.push(sql`JOIN (${undecidedDead(tables, causes)}) AS d ON d.id = t.id`);
  if (errorGroup !== undefined) {
    const alike = sql`SELECT DISTINCT e.message_id FROM ${raw(tables.errorLog)} AS e
      WHERE e.direction = 'PRODUCE' AND e.parked AND ${errorGroupId(dialect)} = ${errorGroup}`;
    joins.push(sql`JOIN (${alike}) AS g ON g.message_id = t.id`);
  }
  return sql`${raw(tables.statusLog)} AS t ${join(joins, ' ')}`;
}

/** Which of those rows a filter means. */
export function publishedConditions(own: OwnConnections, filter: MessageFilter): Sql[] {
  const all = [sql`1 = 1`, ...messageConditions(own, 't', filter)];
  const { status, messageId } = filter;
  if (status === 'RESOLVED') all.push(sql`t.status = 'DEAD' AND NOT ${hasParkedError(own.tables, 'unresolved')}`);
  else if (status !== undefined) all.push(sql`t.status = ${status}`);
  // Says the same as the status, in the words of the index that has no finished row in it.
  if (UNFINISHED.some((unfinished) => unfinished === status)) all.push(sql`t.due_at IS NOT NULL`);
  if (messageId !== undefined) all.push(sql`(t.id = ${messageId} OR t.replay_of = ${messageId})`);
  return all;
}

function toRecord(row: Row): AdminRecord {
  const resolved = row.status === 'DEAD' && Number(row.unresolved) === 0;
  const dueAt = toNumber(row.due_at);
  return {
    id: row.id,
    side: 'publish',
    messageId: row.replay_of ?? row.id,
    topic: row.topic_alias,
    key: row.msg_key,
    status: resolved ? 'RESOLVED' : row.status,
    attempts: Number(row.failed_count),
    createdAt: new Date(Number(row.created_at)),
    ...(row.tag === null ? {} : { tag: row.tag }),
    ...(row.last_error_code === null ? {} : { errorCode: row.last_error_code }),
    ...(row.last_error === null || row.status === 'CANCELLED' ? {} : { errorMessage: row.last_error }),
    ...(dueAt === null ? {} : { dueAt: new Date(dueAt) }),
    ...(row.blocked_by === null ? {} : { blockedBy: row.blocked_by }),
    ...(row.resolution === null ? {} : { resolution: row.resolution }),
  };
}
