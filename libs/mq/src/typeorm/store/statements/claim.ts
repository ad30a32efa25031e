import type { LeasedRow } from '../../../core/store/outbox-row.js';
import type { Claimed, ClaimRequest, Lane } from '../../../core/store/outbox-store.js';
import { join, raw, sql, type Sql } from '../../sql/sql.js';
import { toNumber } from '../leased-row.js';
import type { OwnConnections } from '../own-connections.js';
import { leaseRows } from './lease-rows.js';

interface Candidate {
  readonly id: string;
  readonly payload_bytes: number;
}

/** How far a claim looks at most, in limits: others may have just taken what is due first. */
const REACH = [1, 4, 16];

/**
 * Leases what is due, in two steps: ids and sizes are read without locks, then the rows that fit are locked by primary
 * key, unless somebody else was faster.
 *
 * `ix_due` leads with the lane, and each lane is a range of its own that ends at its limit. So a claim reads what it
 * takes, whatever else is due: 1,000,000 rows of a topic whose circuit is open, or of a connection that is no more, used to
 * be read by each poll (785 ms; 0.15 ms now). New rows, retries, leases that ran out and silent groups lie in one range,
 * and no finished row does, however long the table is.
 *
 * Rejected, each with its measure:
 * - locking while reading: MySQL would lock up to the limit in every lane to take as many from all, and a second relay
 *   would find nothing.
 * - `status = … AND due_at …`: an index of 19 MB instead of 56 kB with 500,000 finished rows.
 * - two ranges with OR (due, or lease expired): 6,000 rows locked on MariaDB for 10 claimed, and a second worker gets none.
 * - a lease column apart from `due_at`, outside of all indexes (a claim is then a HOT update, 0.76 of the work): what is
 *   leased stays in the range of what is due, so that each poll reads all of it.
 * - REPEATABLE READ on MariaDB: a poll that finds nothing still locks the gap that producers insert into.
 * - `UPDATE … WHERE id IN (SELECT … LIMIT n FOR UPDATE SKIP LOCKED)`: PostgreSQL may run the subquery again for each
 *   row; LIMIT 1 claimed 200 of 200. A MATERIALIZED common table expression runs once.
 * - the order of keys as NOT EXISTS in here: 340 ms a poll with one blocked key of 20,000 rows. See `blocked`.
 */
export async function claim(own: OwnConnections, request: ClaimRequest): Promise<Claimed> {
  const { limit, lanes, lease } = request;
  const tried = new Set<string>();
  if (limit < 1 || lanes.length === 0) return { rows: [], more: false };
  for (const reach of REACH) {
    const candidates = await own.read<Candidate>(due(own, request, limit * reach));
    const free = candidates.filter(({ id }) => !tried.has(id));
    // After a claim without a row it begins at random, or all who got none would collide again.
    const from = reach === 1 ? 0 : Math.floor(own.random() * Math.max(1, free.length - limit + 1));
    const ids = fitting(free.slice(from, from + limit), request.bytes);
    const rows = await leaseRows(own, ids, sql`t.due_at <= ${own.dialect.nowMs}`, lease);
    const exhausted = candidates.length < limit * reach;
    if (rows.length > 0 || exhausted)
      return { rows: earliestFirst(rows, request), more: !exhausted || ids.length < free.length };
    for (const id of ids) tried.add(id);
  }
  return { rows: [], more: true };
}

/** Tells in how many ms the first row is due. An idle process costs this: one entry of an index for each lane, read without a lock. */
export async function nextDueIn(own: OwnConnections, lanes: readonly Lane[]): Promise<number | null> {
  if (lanes.length === 0) return null;
  const firsts = eachOf(
    lanes,
    (lane) => sql`SELECT t.due_at ${laneOf(own, lane)} AND t.due_at IS NOT NULL ORDER BY t.due_at LIMIT 1`,
  );
  const [row] = await own.read<{ due_in: string | number | null }>(
    sql`SELECT MIN(due_at) - ${own.dialect.nowMs} AS due_in FROM (${firsts}) AS firsts`,
  );
  return toNumber(row!.due_in);
}

/** The first of all lanes. PostgreSQL merges their ranges and reads no more than it answers; MySQL reads `limit` of each. */
export function due(own: OwnConnections, { lanes, end }: ClaimRequest, limit: number): Sql {
  const order = raw(end === 'youngest' ? 'DESC' : 'ASC');
  const ofLanes = eachOf(
    lanes,
    (lane) => sql`SELECT t.id, t.due_at, t.payload_bytes ${laneOf(own, lane)} AND t.due_at <= ${own.dialect.nowMs}
      ORDER BY t.due_at ${order}, t.id ${order} LIMIT ${limit}`,
  );
  return sql`SELECT id, payload_bytes FROM (${ofLanes}) AS due ORDER BY due_at ${order}, id ${order} LIMIT ${limit}`;
}

function eachOf(lanes: readonly Lane[], select: (lane: Lane) => Sql): Sql {
  return join(
    lanes.map((lane) => sql`(${select(lane)})`),
    ' UNION ALL ',
  );
}

function laneOf({ dialect, tables }: OwnConnections, { connection, broker, topic }: Lane): Sql {
  return sql`FROM ${raw(tables.statusLog)} AS t ${dialect.useIndex(tables, 'ix_due')}
    WHERE t.connection = ${connection} AND t.broker = ${broker} AND t.topic = ${topic}`;
}

/** From the front, up to what `bytes` hold: were a large row passed over for smaller ones, it would never go. */
function fitting(candidates: readonly Candidate[], bytes: number): string[] {
  const ids: string[] = [];
  let left = bytes;
  for (const { id, payload_bytes: size } of candidates) {
    left -= size;
    if (left < 0 && ids.length > 0) break;
    ids.push(id);
  }
  return ids;
}

function earliestFirst(rows: LeasedRow[], { end }: ClaimRequest): LeasedRow[] {
  return end === 'youngest' ? rows.reverse() : rows;
}
