import type { Lane, LaneState, OwnerState } from '../../../core/store/outbox-store.js';
import { chunks } from '../../sql/chunks.js';
import { join, raw, sql } from '../../sql/sql.js';
import { toNumber } from '../leased-row.js';
import type { OwnConnections } from '../own-connections.js';
import { isPaused } from './paused-lanes.js';

/** Counting stops here: what nobody sends may have been waiting for weeks. */
const MOST_COUNTED = 1_000;
const NEWEST = 1_000;
/** Counted by one statement. */
const LANES_AT_ONCE = 100;

interface LaneRow extends Lane {
  readonly due_in: string | number | null;
  /** 1 or 0. */
  readonly paused: string | number;
}

/** The lanes of unfinished rows. Asked every minute and in outages, so it costs two statements of a few probes each, and never a scan. */
export async function unfinishedLanes(own: OwnConnections): Promise<LaneState[]> {
  const lanes = await own.read<LaneRow>(
    sql`SELECT l.connection, l.broker, l.topic, l.due_at - ${own.dialect.nowMs} AS due_in,
        CASE WHEN ${isPaused(own, 'l')} THEN 1 ELSE 0 END AS paused
      FROM (${own.dialect.lanes(own.tables)}) AS l`,
  );
  const counts: number[] = [];
  for (const some of chunks(lanes, LANES_AT_ONCE)) counts.push(...(await countEach(own, some)));
  return lanes.map(({ connection, broker, topic, due_in: dueIn, paused }, i) => ({
    connection,
    broker,
    topic,
    dueInMs: toNumber(dueIn)!,
    waiting: counts[i]!,
    paused: Number(paused) === 1,
  }));
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
 * table itself, and passes over 700,000 finished rows. In one statement for many: a topic each that is away would else cost the
 * square of them.
 */
async function countEach(own: OwnConnections, lanes: readonly Lane[]): Promise<number[]> {
  const counts = lanes.map(
    ({ connection, broker, topic }, i) => sql`
    SELECT ${raw(String(i))} AS i, COUNT(*) AS n FROM (SELECT 1 AS one FROM ${raw(own.tables.statusLog)} AS t ${own.dialect.useIndex(own.tables, 'ix_due')}
      WHERE t.connection = ${connection} AND t.broker = ${broker} AND t.topic = ${topic} AND t.due_at IS NOT NULL
      ORDER BY t.due_at LIMIT ${MOST_COUNTED}) AS counted`,
  );
  const rows = await own.read<{ i: string | number; n: string | number }>(join(counts, ' UNION ALL '));
  const found = new Map(rows.map(({ i, n }) => [Number(i), Number(n)]));
  return lanes.map((_, i) => found.get(i)!);
}
