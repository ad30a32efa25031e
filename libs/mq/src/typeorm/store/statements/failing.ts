import { groupBy } from '../../../core/runtime/group-by.js';
import type { FailingCount } from '../../../core/store/admin-store.js';
import { chunks, IDS_AT_ONCE } from '../../sql/chunks.js';
import { list, raw, sql } from '../../sql/sql.js';
import type { OwnConnections } from '../own-connections.js';

const NEWEST = 10_000;
const WITHIN_MS = 24 * 3_600_000;

interface FailedRow {
  readonly topic: string | null;
  readonly grp: string;
  readonly group_id: string;
  readonly message_id: string;
}

/**
 * What groups try again. Failures that were followed by a parking or by somebody's decision are left out in the first statement, those
 * that were followed by success by what the inbox has of them: looked up by its primary key, a few hundred at once.
 */
export async function failing(own: OwnConnections): Promise<FailingCount[]> {
  const failed = await failedMessages(own);
  const counts = new Map<string, FailingCount>();
  for (const [groupId, rows] of groupBy(failed, (row) => row.group_id)) {
    const done = await doneIn(
      own,
      groupId,
      rows.map((row) => row.message_id),
    );
    for (const { topic, grp: group, message_id: id } of rows) {
      if (done.has(id)) continue;
      const key = JSON.stringify([topic, group]);
      counts.set(key, { topic, group, count: (counts.get(key)?.count ?? 0) + 1 });
    }
  }
  return [...counts.values()];
}

/** An attempt that failed and parked nothing has `retain_from` since it was written, so the index finds the newest of them. */
function failedMessages(own: OwnConnections): Promise<FailedRow[]> {
  const { dialect, tables } = own;
  const parkedSince = sql`SELECT 1 FROM ${raw(tables.errorLog)} AS p WHERE p.message_id = e.message_id
    AND p.group_id = e.group_id AND p.parked AND p.resolved_at IS NULL`;
  return own.read<FailedRow>(sql`
    SELECT DISTINCT e.topic_alias AS topic, e.group_alias AS grp, e.group_id, e.message_id FROM (
      SELECT n.direction, n.parked, n.resolved_at, n.topic_alias, n.group_alias, n.group_id, n.message_id
      FROM ${raw(tables.errorLog)} AS n ${dialect.useIndex(tables, 'ix_error_retain')}
      WHERE n.retain_from > ${dialect.nowMs} - ${WITHIN_MS} ORDER BY n.retain_from DESC LIMIT ${NEWEST}) AS e
    WHERE e.direction = 'CONSUME' AND NOT e.parked AND e.resolved_at IS NULL AND e.message_id IS NOT NULL
      AND e.group_alias IS NOT NULL AND e.group_id IS NOT NULL AND NOT EXISTS (${parkedSince})`);
}

async function doneIn(own: OwnConnections, groupId: string, messageIds: readonly string[]): Promise<Set<string>> {
  const done = new Set<string>();
  for (const batch of chunks(messageIds, IDS_AT_ONCE)) {
    const rows = await own.read<{ message_id: string }>(sql`
      SELECT i.message_id FROM ${raw(own.tables.inbox)} AS i ${own.dialect.usePrimaryKey}
      WHERE i.group_id = ${groupId} AND i.message_id IN (${list(batch)}) AND i.state <> 'STARTED'`);
    for (const row of rows) done.add(row.message_id);
  }
  return done;
}
