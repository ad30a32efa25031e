import { parseDuration } from '../../../core/runtime/duration.js';
import type { MessageFilter } from '../../../core/store/admin-filter.js';
import { raw, sql, type Sql } from '../../sql/sql.js';
import type { OwnConnections } from '../own-connections.js';

/** Publishers make ids with clocks of their own. One that is further off than this cannot even open a TLS connection. */
const CLOCKS_DIFFER_MS = 24 * 3_600_000;

/** The conditions that rows of the outbox (`t`) and error rows (`e`) have in common. Those of one table alone stand with its statements. */
export function messageConditions(
  { dialect: { nowMs } }: OwnConnections,
  alias: 't' | 'e',
  { topic, tag, key, code, since, until, olderThan }: MessageFilter,
): Sql[] {
  const column = (name: string): Sql => raw(`${alias}.${name}`);
  const createdAt = column('created_at');
  const all: Sql[] = [];
  if (topic !== undefined) all.push(sql`${column('topic_alias')} = ${topic}`);
  if (tag !== undefined) all.push(sql`${column('tag')} = ${tag}`);
  if (key !== undefined) all.push(sql`${column('msg_key')} = ${key}`);
  if (code !== undefined) all.push(sql`${column(alias === 't' ? 'last_error_code' : 'error_code')} = ${code}`);
  if (since) all.push(atOrAfter(alias, since));
  if (until) all.push(sql`${createdAt} < ${until.getTime()}`);
  if (olderThan !== undefined) all.push(sql`${createdAt} <= ${nowMs} - ${parseDuration(olderThan)}`);
  return all;
}

/** Ids sort by time: without a bound on them, whoever asks for the last hour reads the table to its end. */
export function atOrAfter(alias: 't' | 'e', since: Date): Sql {
  const ms = since.getTime();
  return sql`${raw(`${alias}.created_at`)} >= ${ms} AND ${raw(`${alias}.id`)} >= ${lowestId(ms)}`;
}

/** Where the ids of that time begin, with room for clocks that are wrong: a UUIDv7 begins with its milliseconds. */
function lowestId(ms: number): string {
  const hex = Math.max(0, ms - CLOCKS_DIFFER_MS)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}`;
}
