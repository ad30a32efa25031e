import type { LeaseRef, OutboxStatus } from '../../../core/store/outbox-row.js';
import type { AdminStats } from '../../../core/store/admin-store.js';
import type { ConfirmedRow, RowState } from '../../../core/store/outbox-store.js';
import { list, raw, sql } from '../../sql/sql.js';
import { chunks, IDS_AT_ONCE } from '../../sql/chunks.js';
import { toNumber } from '../leased-row.js';
import type { OwnConnections } from '../own-connections.js';
import { isPaused } from './paused-lanes.js';
import { undecidedDead } from './undecided.js';

/** Reads rows back after their commit, which may have been none. Committed state only: on a connection of its own. */
export async function confirm(own: OwnConnections, refs: readonly LeaseRef[]): Promise<(ConfirmedRow | null)[]> {
  interface Row {
    id: string;
    lease_token: string | null;
    deliver_at: string | null;
    seq: string;
  }
  const found = new Map<string, Row>();
  for (const batch of chunks(refs, IDS_AT_ONCE)) {
    const rows = await own.read<Row>(sql`SELECT id, lease_token, deliver_at, seq FROM ${raw(own.tables.statusLog)}
      WHERE id IN (${list(batch.map((ref) => ref.id))})`);
    for (const row of rows) found.set(row.id, row);
  }
  return refs.map(({ id, token }) => {
    const row = found.get(id);
    return row?.lease_token === token ? { id, deliverAt: toNumber(row.deliver_at), seq: String(row.seq) } : null;
  });
}

export async function inspect(own: OwnConnections, ids: readonly string[]): Promise<ReadonlyMap<string, RowState>> {
  interface Row {
    id: string;
    status: OutboxStatus;
    broker_message_id: string | null;
    due_at: string | null;
    lease_token: string | null;
    last_error_code: string | null;
    last_error: string | null;
  }
  const result = new Map<string, RowState>();
  for (const batch of chunks(ids, IDS_AT_ONCE)) {
    const rows =
      await own.read<Row>(sql`SELECT id, status, broker_message_id, due_at, lease_token, last_error_code, last_error
      FROM ${raw(own.tables.statusLog)} WHERE id IN (${list(batch)})`);
    for (const row of rows) {
      result.set(row.id, {
        status: row.status,
        brokerMessageId: row.broker_message_id,
        dueAt: toNumber(row.due_at),
        leaseToken: row.lease_token,
        errorCode: row.last_error_code,
        errorMessage: row.last_error,
      });
    }
  }
  return result;
}

/**
 * Counts. The finished rows are counted one by one, so this is for people and for metrics that are read now and then,
 * never for a poll: an index on the status would have to be written at every step of every message.
 * Dead rows that somebody has replayed count no more: they need nobody's attention.
 */
export async function stats(own: OwnConnections): Promise<AdminStats> {
  const table = raw(own.tables.statusLog);
  const byStatus = { PENDING: 0, SENDING: 0, ACCEPTED: 0, SENT: 0, DEAD: 0, CANCELLED: 0 };
  const counts = await own.read<{ status: OutboxStatus; n: string | number }>(
    sql`SELECT status, COUNT(*) AS n FROM ${table} GROUP BY status`,
  );
  for (const { status, n } of counts) byStatus[status] = Number(n);
  const deadByTopic = byStatus.DEAD > 0 ? await countDead(own) : new Map<string, number>();
  byStatus.DEAD = [...deadByTopic.values()].reduce((sum, n) => sum + n, 0);
  // NULL is where the index on retain_from keeps exactly the parked rows that nobody has resolved.
  const [parked] = await own.read<{ n: string | number }>(
    sql`SELECT COUNT(*) AS n FROM ${raw(own.tables.errorLog)} WHERE retain_from IS NULL AND direction = 'CONSUME'`,
  );
  const [due] = await own.read<{ overdue: string | number | null }>(
    sql`SELECT ${own.dialect.nowMs} - MIN(l.due_at) AS overdue FROM (${own.dialect.lanes(own.tables)}) AS l
      WHERE NOT ${isPaused(own, 'l')}`,
  );
  return {
    byStatus,
    deadByTopic,
    parkedDeliveries: Number(parked!.n),
    overdueMs: Math.max(0, toNumber(due!.overdue) ?? 0),
  };
}

async function countDead(own: OwnConnections): Promise<ReadonlyMap<string, number>> {
  const rows = await own.read<{ topic: string; n: string | number }>(sql`
    SELECT dead.topic_alias AS topic, COUNT(*) AS n FROM (${undecidedDead(own.tables)}) AS dead GROUP BY dead.topic_alias`);
  return new Map(rows.map(({ topic, n }) => [topic, Number(n)]));
}
