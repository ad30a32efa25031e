import type { LeaseRef, LeaseRequest, LeasedRow } from '../../../core/store/outbox-row.js';
import type { BlockedQuery } from '../../../core/store/outbox-store.js';
import type { RelationColumn } from '../../databases/dialect.js';
import { list, raw, sql, type Sql } from '../../sql/sql.js';
import { chunks, IDS_AT_ONCE } from '../../sql/chunks.js';
import { groupBy } from '../../../core/runtime/group-by.js';
import type { OwnConnections } from '../own-connections.js';
import { leaseRows } from './lease-rows.js';
import { LEASE_REF, leaseRefRows } from './lease-refs.js';

const KEY: readonly RelationColumn[] = [{ name: 'open_key', type: 'id' }];

/**
 * Finds the rows that have an older one of their key which is not in hand. One probe of `ix_open` for each key, for the lowest row
 * that is not in hand: as a range over the key's rows, 20,000 of them would be read for each batch.
 */
export async function blocked(own: OwnConnections, rows: readonly BlockedQuery[]): Promise<ReadonlySet<string>> {
  const result = new Set<string>();
  const byKey = groupBy(rows, (row) => row.orderKey);
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
        relation: own.dialect.relation('v', LEASE_REF, leaseRefRows(batch)),
        on: raw('t.id = v.row_id AND t.lease_token = v.token'),
        set: sql`status = 'PENDING', deferred = true, lease_token = NULL, lease_owner = NULL,
          due_at = ${own.dialect.nowMs} + ${Math.round(ms)}, started_count = t.started_count - 1, updated_at = ${own.dialect.nowMs}`,
      }),
    );
  }
}

const ASLEEP = raw(`t.status = 'PENDING' AND t.deferred`);

/**
 * Leases the head of each key if it sleeps. Mostly it does not, and then one SELECT without locks is all: one probe of
 * `ix_open` for each key, however many rows stand behind its head. A head that waits for its time or backs off is not
 * `deferred`, and stays.
 */
export async function promote(
  own: OwnConnections,
  orderKeys: readonly string[],
  lease: LeaseRequest,
  bytes: number,
): Promise<LeasedRow[]> {
  const leased: LeasedRow[] = [];
  let left = bytes;
  for (const keys of chunks([...new Set(orderKeys)], IDS_AT_ONCE)) {
    const heads = await sleepingHeads(own, keys);
    const affordable = heads.filter(({ payload_bytes: size }) => {
      if (size > left) return false;
      left -= size;
      return true;
    });
    leased.push(...(await leaseRows(own, idsOf(affordable), ASLEEP, lease)));
    await wake(own, idsOf(heads.filter((head) => !affordable.includes(head))));
  }
  return leased;
}

/**
 * Walks over the keys, and not over their rows: each key costs one probe of `ix_open`, whether 1 or 1,000,000 rows stand
 * behind its head. So the rows behind a head can sleep for any time, and wake only when their turn comes; woken by the
 * clock every minute or two, 200,000 of them kept a relay from everything else for 22 s.
 */
export async function wakeStranded(own: OwnConnections, after: string, limit: number): Promise<string | null> {
  const keys = (await own.read<{ open_key: string }>(own.dialect.keysAfter(own.tables, after, limit))).map(
    (row) => row.open_key,
  );
  if (keys.length > 0) await wake(own, idsOf(await sleepingHeads(own, keys)));
  return keys.length < limit ? null : keys.at(-1)!;
}

interface Head {
  readonly id: string;
  readonly payload_bytes: number;
}

function sleepingHeads(own: OwnConnections, keys: readonly string[]): Promise<Head[]> {
  return own.read<Head>(sql`
    SELECT t.id, t.payload_bytes FROM (SELECT (${lowest(own, raw(''), 'id')}) AS id FROM ${relationOf(own, keys)}) AS h
    JOIN ${raw(own.tables.statusLog)} AS t ON t.id = h.id WHERE ${ASLEEP}`);
}

/** Due at once, for whoever claims it. */
async function wake(own: OwnConnections, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const now = own.dialect.nowMs;
  await own.write(sql`UPDATE ${raw(own.tables.statusLog)} AS t SET due_at = ${now}, deferred = false, updated_at = ${now}
    WHERE t.id IN (${list(ids)}) AND ${ASLEEP}`);
}

function idsOf(heads: readonly Head[]): string[] {
  return heads.map(({ id }) => id);
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
