import type { AdminFilter, MessageFilter } from '../../../core/store/admin-filter.js';
import type { AdminRecord } from '../../../core/store/admin-record.js';
import { join, raw, sql, type Sql } from '../../sql/sql.js';
import type { OwnConnections } from '../own-connections.js';
import { errorGroupId } from './error-group-id.js';
import { messageConditions } from './message-conditions.js';
import { UNDECIDED } from './undecided.js';

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
  readonly retain_from: string | null;
}

/** Parked deliveries, newest first, out of the error rows that document them. */
export async function findParked(own: OwnConnections, filter: AdminFilter, limit: number): Promise<AdminRecord[]> {
  if (filter.status !== undefined && filter.status !== 'PARKED' && filter.status !== 'RESOLVED') return [];
  const all = parkedConditions(own, filter);
  if (filter.before !== undefined) all.push(sql`e.id < ${filter.before}`);
  const rows = await own.read<Row>(sql`
    SELECT e.id, e.message_id, e.topic_alias, e.group_alias, e.tag, e.msg_key, e.attempt, e.error_code, e.message,
      e.created_at, e.resolution, e.retain_from
    FROM ${raw(own.tables.errorLog)} AS e WHERE ${join(all, ' AND ')} ORDER BY e.id DESC LIMIT ${limit}`);
  return rows.map(toRecord);
}

/** Which error rows `e` are the parked deliveries that a filter means. */
export function parkedConditions(own: OwnConnections, filter: MessageFilter): Sql[] {
  const all = [sql`e.direction = 'CONSUME' AND e.parked`, ...messageConditions(own, 'e', filter)];
  if (filter.status === 'PARKED') all.push(UNDECIDED);
  if (filter.status === 'RESOLVED') all.push(sql`e.retain_from IS NOT NULL`);
  if (filter.group !== undefined) all.push(sql`e.group_alias = ${filter.group}`);
  if (filter.messageId !== undefined) all.push(sql`e.message_id = ${filter.messageId}`);
  if (filter.errorGroup !== undefined) all.push(sql`${errorGroupId(own.dialect)} = ${filter.errorGroup}`);
  return all;
}

function toRecord(row: Row): AdminRecord {
  return {
    id: row.id,
    side: 'consume',
    messageId: row.message_id,
    topic: row.topic_alias ?? '',
    key: row.msg_key ?? row.message_id,
    status: row.retain_from === null ? 'PARKED' : 'RESOLVED',
    attempts: Number(row.attempt),
    errorCode: row.error_code,
    errorMessage: row.message,
    createdAt: new Date(Number(row.created_at)),
    ...(row.group_alias === null ? {} : { group: row.group_alias }),
    ...(row.tag === null ? {} : { tag: row.tag }),
    ...(row.resolution === null ? {} : { resolution: row.resolution }),
  };
}
