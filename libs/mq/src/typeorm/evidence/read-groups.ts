import type { CopyCount } from '../../core/store/evidence-store.js';
import type { CopyReason } from '../../core/store/delivery-store.js';
import { list, raw, sql, type Sql } from '../sql/sql.js';
import type { Reader } from '../store/reader.js';

const MOST_GROUPS = 1_000;

export interface InboxRow {
  readonly group_id: string;
  readonly message_id: string;
  readonly state: 'STARTED' | 'HANDLED' | 'PARKED';
  readonly created_at: string;
}

export interface CopyRow {
  readonly group_id: string;
  readonly message_id: string;
  readonly reason: CopyReason;
  readonly copies: number;
  readonly last_at: string;
}

/**
 * What groups have written about these messages. Both tables are looked up by group first, so the groups are listed first, of
 * which there are few: an index by message would cost every delivery, for the sake of a question that is asked now and then.
 */
export async function groupRowsOf(
  reader: Reader,
  messageIds: readonly string[],
): Promise<{ inbox: InboxRow[]; copies: CopyRow[] }> {
  const { dialect, tables } = reader;
  const known = await reader.read<{ group_id: string }>(dialect.inboxGroups(tables, MOST_GROUPS));
  if (known.length === 0) return { inbox: [], copies: [] };
  const which: Sql = sql`i.group_id IN (${list(known.map((row) => row.group_id))}) AND i.message_id IN (${list(messageIds)})`;
  const inbox = await reader.read<InboxRow>(
    sql`SELECT i.group_id, i.message_id, i.state, i.created_at FROM ${raw(tables.inbox)} AS i ${dialect.usePrimaryKey} WHERE ${which}`,
  );
  const copies = await reader.read<CopyRow>(sql`SELECT i.group_id, i.message_id, i.reason, i.copies, i.last_at
    FROM ${raw(tables.copy)} AS i ${dialect.usePrimaryKey} WHERE ${which}`);
  return { inbox, copies };
}

export async function countCopies(reader: Reader): Promise<CopyCount[]> {
  const rows = await reader.read<{ reason: CopyReason; copies: string | number }>(
    sql`SELECT reason, SUM(copies) AS copies FROM ${raw(reader.tables.copy)} GROUP BY reason ORDER BY reason`,
  );
  return rows.map(({ reason, copies }) => ({ reason, copies: Number(copies) }));
}
