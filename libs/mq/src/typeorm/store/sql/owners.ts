import type { Lane, LaneState, OwnerState } from '../../../core/store/outbox-store.js';
import { raw, sql } from '../../dialects/sql.js';
import { toNumber } from '../leased-row.js';
import type { OwnConnections } from '../own-connections.js';

/** Counting stops here: what nobody sends may have been waiting for weeks. */
const MOST_COUNTED = 1_000;
const NEWEST = 1_000;

interface LaneRow extends Lane {
  readonly due_in: string | number | null;
}

/** The lanes of unfinished rows. Asked every minute, so it costs a few probes and never a scan. */
export async function unfinishedLanes(own: OwnConnections): Promise<LaneState[]> {
  const lanes = await own.read<LaneRow>(
    sql`SELECT l.connection, l.broker, l.topic, l.due_at - ${own.dialect.nowMs} AS due_in FROM (${own.dialect.lanes(own.tables)}) AS l`,
  );
  const result: LaneState[] = [];
  for (const { connection, broker, topic, due_in: dueIn } of lanes) {
    const lane = { connection, broker, topic };
    result.push({ ...lane, dueInMs: toNumber(dueIn)!, waiting: await count(own, lane) });
  }
  return result;
}

/** By id, which sorts by time: there is no index on who published, and these are enough to see who does. */
export async function recentOwners(own: OwnConnections): Promise<OwnerState[]> {
  const rows = await own.read<{ connection: string; broker: string; ago: string | number }>(sql`
    SELECT connection, broker, ${own.dialect.nowMs} - MAX(created_at) AS ago
    FROM (SELECT connection, broker, created_at FROM ${raw(own.tables.statusLog)} ORDER BY id DESC LIMIT ${NEWEST}) AS newest
    GROUP BY connection, broker`);
  return rows.map(({ connection, broker, ago }) => ({ connection, broker, publishedAgoMs: Number(ago) }));
}

/**
 * In the order of the index. Without, PostgreSQL takes a lane that has gathered a tenth of the table for quick to find in the
 * table itself, and passes over 700,000 finished rows.
 */
async function count(own: OwnConnections, { connection, broker, topic }: Lane): Promise<number> {
  const [row] = await own.read<{ n: string | number }>(sql`
    SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM ${raw(own.tables.statusLog)} AS t ${own.dialect.useIndex(own.tables, 'ix_due')}
      WHERE t.connection = ${connection} AND t.broker = ${broker} AND t.topic = ${topic} AND t.due_at IS NOT NULL
      ORDER BY t.due_at LIMIT ${MOST_COUNTED}) AS counted`);
  return Number(row!.n);
}
