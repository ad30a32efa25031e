import { uuidV7 } from '../../../core/runtime/uuid-v7.js';
import type { ErrorEntry } from '../../../core/store/error-entry.js';
import type { Dialect } from '../../dialects/dialect.js';
import { join, list, raw, sql, type Sql } from '../../dialects/sql.js';
import type { TableNames } from '../../table-names.js';
import { fit, storable } from '../fit.js';

const COLUMNS = `id, direction, message_id, topic_alias, tag, msg_key, group_alias, group_id, attempt, parked, error_class,
  error_code, message, stack, payload, payload_encoding, headers, ordering_key, broker_message_id, published_at, instance, created_at, retain_from`;

/** One INSERT of all entries; there must be one at least. */
export function insertErrors(dialect: Dialect, tables: TableNames, entries: readonly ErrorEntry[]): Sql {
  const rows = entries.map((entry) => {
    // Retention counts from the resolution of what was parked; until then there is nothing that pruning could find.
    const retainFrom = entry.parked ? raw('NULL') : dialect.nowMs;
    return sql`(${list(cells(entry))}, ${dialect.nowMs}, ${retainFrom})`;
  });
  return sql`INSERT INTO ${raw(tables.errorLog)} (${raw(COLUMNS)}) VALUES ${join(rows)}`;
}

function cells(entry: ErrorEntry): unknown[] {
  const short = (text: string | null, max: number): string | null => (text === null ? null : fit(text, max));
  const whole = (text: string | null): string | null => (text === null ? null : storable(text));
  return [
    uuidV7(),
    entry.direction,
    whole(entry.messageId),
    entry.topicAlias,
    short(entry.tag, 255),
    short(entry.key, 255),
    entry.group,
    entry.groupId,
    entry.attempt,
    entry.parked,
    fit(entry.errorClass, 128),
    fit(entry.errorCode, 64),
    fit(entry.message, 2_000),
    short(entry.stack, 16_000),
    entry.payload,
    entry.payloadEncoding,
    whole(entry.headers),
    short(entry.orderingKey, 255),
    short(entry.brokerMessageId, 255),
    entry.publishedAt === null ? null : Math.round(entry.publishedAt),
    fit(entry.instance, 128),
  ];
}
