import type { OutboxStatus } from '../../core/store/outbox-row.js';
import { join, raw, sql } from '../sql/sql.js';
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

/**
 * What the handlers of these messages have published, oldest first, the first hundred for each. Replays of it are not counted again.
 * One probe of the index for each message: one limit for all would be used up by the first that has caused much.
 */
export async function causedBy(reader: Reader, messageIds: readonly string[]): Promise<CausedRow[]> {
  const { dialect, tables } = reader;
  const probes = messageIds.map(
    (id) => sql`(SELECT t.causation_id, t.id, t.topic_alias, t.msg_key, t.status, t.created_at
    FROM ${raw(tables.statusLog)} AS t ${dialect.useIndex(tables, 'ix_causation')}
    WHERE t.causation_id = ${id} AND t.replay_of IS NULL ORDER BY t.id LIMIT ${MOST_CAUSED})`,
  );
  const rows = await reader.read<CausedRow>(join(probes, ' UNION ALL '));
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}
