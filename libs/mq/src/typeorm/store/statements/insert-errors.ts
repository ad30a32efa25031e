import { uuidV7 } from '../../../core/runtime/uuid-v7.js';
import type { ErrorEntry } from '../../../core/store/error-entry.js';
import type { Dialect } from '../../databases/dialect.js';
import { join, list, raw, sql, type Sql } from '../../sql/sql.js';
import type { TableNames } from '../../sql/table-names.js';
import { chunks, IDS_AT_ONCE } from '../../sql/chunks.js';
import { fitColumn, storable } from '../../sql/fit-column.js';
import type { OwnConnections } from '../own-connections.js';

const COLUMNS = `id, direction, message_id, topic_alias, tag, msg_key, group_alias, group_id, attempt, parked, error_class,
  error_code, message, stack, payload, payload_encoding, headers, trace,
  correlation_id, causation_id, ordering_key, broker_message_id, published_at, instance, created_at, retain_from`;

export async function recordErrors(own: OwnConnections, entries: readonly ErrorEntry[]): Promise<void> {
  for (const batch of chunks(entries, IDS_AT_ONCE)) await own.write(insertErrors(own.dialect, own.tables, batch));
}

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
  const short = (text: string | null, max: number): string | null => (text === null ? null : fitColumn(text, max));
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
    fitColumn(entry.errorClass, 128),
    fitColumn(entry.errorCode, 64),
    fitColumn(entry.message, 2_000),
    short(entry.stack, 16_000),
    entry.payload,
    entry.payloadEncoding,
    whole(entry.headers),
    entry.trace,
    entry.correlationId,
    entry.causationId,
    short(entry.orderingKey, 255),
    short(entry.brokerMessageId, 255),
    entry.publishedAt === null ? null : Math.round(entry.publishedAt),
    fitColumn(entry.instance, 128),
  ];
}
