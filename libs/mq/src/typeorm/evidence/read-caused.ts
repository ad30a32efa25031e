import type { OutboxStatus } from '../../core/store/outbox-row.js';
import { list, raw, sql } from '../sql/sql.js';
import type { Reader } from '../store/reader.js';

/** Of one message: a handler that publishes a row for each line of a file publishes many. */
const MOST_CAUSED = 100;

export interface CausedRow {
  readonly causation_id: string;
  readonly id: string;
  readonly topic_alias: string;
  readonly msg_key: string;
  readonly status: OutboxStatus;
  readonly created_at: string;
}

/** What the handlers of these messages have published, oldest first. Replays of it are not counted again. */
export async function causedBy(reader: Reader, messageIds: readonly string[]): Promise<CausedRow[]> {
  const { dialect, tables } = reader;
  const rows = await reader.read<CausedRow>(sql`
    SELECT t.causation_id, t.id, t.topic_alias, t.msg_key, t.status, t.created_at
    FROM ${raw(tables.statusLog)} AS t ${dialect.useIndex(tables, 'ix_causation')}
    WHERE t.causation_id IS NOT NULL AND t.causation_id IN (${list(messageIds)}) AND t.replay_of IS NULL
    LIMIT ${MOST_CAUSED * messageIds.length}`);
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}
