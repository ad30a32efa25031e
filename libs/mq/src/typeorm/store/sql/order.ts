import type { LeaseRef, LeaseRequest, LeasedRow } from '../../../core/store/outbox-row.js';
import type { BlockedQuery } from '../../../core/store/outbox-store.js';
import type { RelationColumn } from '../../dialects/dialect.js';
import { list, raw, sql, type Sql } from '../../dialects/sql.js';
import { chunks, IDS_AT_ONCE } from '../chunks.js';
import { groupBy } from '../group-by.js';
import type { OwnConnections } from '../own-connections.js';
import { leaseRows } from './lease-rows.js';
import { HELD_ROW, holds } from './held-rows.js';

const KEY: readonly RelationColumn[] = [{ name: 'open_key', type: 'id' }];

/**
 * Which rows have an older one of their key that is not in hand? One probe of `ix_open` for each key, for the lowest row
 * that is not in hand: as a range over the key's rows, 20,000 of them would be read for each batch.
 */
export async function blocked(own: OwnConnections, rows: readonly BlockedQuery[]): Promise<ReadonlySet<string>> {
  const result = new Set<string>();
  const byKey = groupBy(rows, (row) => row.openKey);
  for (const keys of chunks([...byKey.keys()], IDS_AT_ONCE)) {
    const inHand = keys.flatMap((key) => byKey.get(key)!.map((row) => row.id));
    const heads = await own.read<{ open_key: string; seq: string | number | null }>(sql`
      SELECT k.open_key, (${lowest(own, sql`AND t.id NOT IN (${list(inHand)})`, 'seq')}) AS seq FROM ${relationOf(own, keys)}`);
    for (const head of heads) {
      if (head.seq === null) continue;
      for (const row of byKey.get(head.open_key)!) if (BigInt(row.seq) > BigInt(head.seq)) result.add(row.id);
    }
  }
  return result;
}

/** Puts rows to sleep behind an older one of their key. `deferred` tells `promote` that these may be woken early. */
export async function defer(own: OwnConnections, refs: readonly LeaseRef[], ms: number): Promise<void> {
  for (const batch of chunks(refs, IDS_AT_ONCE)) {
    await own.write(
      own.dialect.updateJoined({
        table: raw(own.tables.statusLog),
        relation: own.dialect.relation('v', HELD_ROW, holds(batch)),
        on: raw('t.id = v.row_id AND t.lease_token = v.token'),
        set: sql`status = 'PENDING', deferred = true, lease_token = NULL, lease_owner = NULL,
          due_at = ${own.dialect.nowMs} + ${Math.round(ms)}, started_count = t.started_count - 1, updated_at = ${own.dialect.nowMs}`,
      }),
    );
  }
}

/**
 * Wakes the head of each key if it sleeps. Mostly it does not, and then one SELECT without locks is all: one probe of
 * `ix_open` for each key, however many rows stand behind its head. A head that waits for its time or backs off is not
 * `deferred`, and stays.
 */
export async function promote(
  own: OwnConnections,
  openKeys: readonly string[],
  lease: LeaseRequest,
): Promise<LeasedRow[]> {
  const table = raw(own.tables.statusLog);
  const leased: LeasedRow[] = [];
  for (const keys of chunks([...new Set(openKeys)], IDS_AT_ONCE)) {
    const heads = await own.read<{ id: string }>(sql`
      SELECT s.id FROM (SELECT (${lowest(own, raw(''), 'id')}) AS id FROM ${relationOf(own, keys)}) AS h
      JOIN ${table} AS s ON s.id = h.id WHERE s.status = 'PENDING' AND s.deferred`);
    if (heads.length === 0) continue;
    const tail = sql`FROM ${table} AS t WHERE t.id IN (${list(heads.map((head) => head.id))})
      AND t.status = 'PENDING' AND t.deferred FOR UPDATE SKIP LOCKED`;
    leased.push(...(await leaseRows(own, tail, lease)));
  }
  return leased;
}

function relationOf(own: OwnConnections, keys: readonly string[]): Sql {
  return own.dialect.relation(
    'k',
    KEY,
    keys.map((key) => [key]),
  );
}

/** The lowest row of the key `k.open_key`, as a subquery in a list of columns: a join would be free to read all of them. */
function lowest(own: OwnConnections, and: Sql, column: 'id' | 'seq'): Sql {
  return sql`SELECT t.${raw(column)} FROM ${raw(own.tables.statusLog)} AS t ${own.dialect.useIndex(own.tables, 'ix_open')}
    WHERE t.open_key = k.open_key ${and} ORDER BY t.seq LIMIT 1`;
}
