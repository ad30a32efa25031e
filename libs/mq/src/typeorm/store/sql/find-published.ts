import type { AdminFilter, AdminRecord } from '../../../core/store/admin-store.js';
import { join, raw, sql, type Sql } from '../../dialects/sql.js';
import { toNumber } from '../leased-row.js';
import type { OwnConnections } from '../own-connections.js';
import { hasParkedError } from './parked-errors.js';

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
export async function findPublished(own: OwnConnections, filter: AdminFilter, limit: number): Promise<AdminRecord[]> {
  // A group belongs to deliveries, and PARKED is what a delivery is.
  if (filter.group !== undefined || filter.status === 'PARKED') return [];
  const { tables } = own;
  const unresolved = hasParkedError(tables, 'unresolved');
  const resolution = sql`SELECT e.resolution FROM ${raw(tables.errorLog)} AS e WHERE e.message_id = t.id AND e.parked
    AND e.resolved_at IS NOT NULL ORDER BY e.resolved_at DESC LIMIT 1`;
  const ahead = sql`SELECT h.id FROM ${raw(tables.statusLog)} AS h ${own.dialect.useIndex(tables, 'ix_open')}
    WHERE h.open_key = t.open_key AND h.seq < t.seq ORDER BY h.seq LIMIT 1`;
  const rows = await own.read<Row>(sql`
    SELECT t.id, t.replay_of, t.topic_alias, t.settle_group, t.tag, t.msg_key, t.status, t.failed_count, t.last_error_code,
      t.last_error, t.created_at, t.due_at,
      CASE t.status WHEN 'DEAD' THEN (${resolution}) WHEN 'CANCELLED' THEN t.last_error END AS resolution,
      CASE WHEN t.status = 'DEAD' AND ${unresolved} THEN 1 ELSE 0 END AS unresolved,
      CASE WHEN t.due_at IS NOT NULL THEN (${ahead}) END AS blocked_by
    FROM ${raw(tables.statusLog)} AS t WHERE ${conditions(filter, unresolved)} ORDER BY t.id DESC LIMIT ${limit}`);
  return rows.map(toRecord);
}

function conditions(filter: AdminFilter, unresolved: Sql): Sql {
  const all: Sql[] = [sql`1 = 1`];
  if (filter.status === 'RESOLVED') all.push(sql`t.status = 'DEAD' AND NOT ${unresolved}`);
  else if (filter.status === 'DEAD') all.push(sql`t.status = 'DEAD' AND ${unresolved}`);
  else if (filter.status !== undefined) all.push(sql`t.status = ${filter.status}`);
  if (filter.topic !== undefined) all.push(sql`t.topic_alias = ${filter.topic}`);
  if (filter.key !== undefined) all.push(sql`t.msg_key = ${filter.key}`);
  if (filter.messageId !== undefined) all.push(sql`(t.id = ${filter.messageId} OR t.replay_of = ${filter.messageId})`);
  return join(all, ' AND ');
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
