import type { AdminFilter, AdminRecord } from '../../../core/store/admin-store.js';
import { join, raw, sql, type Sql } from '../../dialects/sql.js';
import type { OwnConnections } from '../own-connections.js';

interface Row {
  readonly id: string;
  readonly message_id: string;
  readonly topic_alias: string | null;
  readonly group_alias: string | null;
  readonly tag: string | null;
  readonly msg_key: string | null;
  readonly attempt: number;
  readonly error_code: string;
  readonly message: string;
  readonly created_at: string;
  readonly resolution: string | null;
  readonly resolved_at: string | null;
}

/** Parked deliveries, newest first, out of the error rows that document them. */
export async function findParked(own: OwnConnections, filter: AdminFilter, limit: number): Promise<AdminRecord[]> {
  if (filter.status !== undefined && filter.status !== 'PARKED' && filter.status !== 'RESOLVED') return [];
  const rows = await own.read<Row>(sql`
    SELECT e.id, e.message_id, e.topic_alias, e.group_alias, e.tag, e.msg_key, e.attempt, e.error_code, e.message,
      e.created_at, e.resolution, e.resolved_at
    FROM ${raw(own.tables.errorLog)} AS e WHERE ${conditions(filter)} ORDER BY e.id DESC LIMIT ${limit}`);
  return rows.map(toRecord);
}

function conditions(filter: AdminFilter): Sql {
  const all: Sql[] = [sql`e.direction = 'CONSUME' AND e.parked`];
  // As IS NULL on retain_from, which has an index, and not on resolved_at, which has none: they are the same for these.
  if (filter.status === 'PARKED') all.push(sql`e.retain_from IS NULL`);
  if (filter.status === 'RESOLVED') all.push(sql`e.resolved_at IS NOT NULL`);
  if (filter.topic !== undefined) all.push(sql`e.topic_alias = ${filter.topic}`);
  if (filter.group !== undefined) all.push(sql`e.group_alias = ${filter.group}`);
  if (filter.key !== undefined) all.push(sql`e.msg_key = ${filter.key}`);
  if (filter.messageId !== undefined) all.push(sql`e.message_id = ${filter.messageId}`);
  return join(all, ' AND ');
}

function toRecord(row: Row): AdminRecord {
  return {
    id: row.id,
    side: 'consume',
    messageId: row.message_id,
    topic: row.topic_alias ?? '',
    key: row.msg_key ?? row.message_id,
    status: row.resolved_at === null ? 'PARKED' : 'RESOLVED',
    attempts: Number(row.attempt),
    errorCode: row.error_code,
    errorMessage: row.message,
    createdAt: new Date(Number(row.created_at)),
    ...(row.group_alias === null ? {} : { group: row.group_alias }),
    ...(row.tag === null ? {} : { tag: row.tag }),
    ...(row.resolution === null ? {} : { resolution: row.resolution }),
  };
}
