import type { BlockedKey } from '../../../core/store/admin-record.js';
import { raw, sql } from '../../sql/sql.js';
import type { OwnConnections } from '../own-connections.js';

/** Counting stops here: behind a key that was blocked over a weekend stand hundreds of thousands. */
const MOST_COUNTED = 1_000;

interface Row {
  readonly id: string;
  readonly topic_alias: string;
  readonly ordering_key: string;
  readonly open_key: string;
  readonly done_at: string | number;
}

/**
 * Keys that a dead row holds back. Looked up from the unresolved error rows, of which there are few and which have an
 * index, and not among the waiting rows, of which a million may be behind one of them.
 */
export async function blockedKeys(own: OwnConnections, limit: number): Promise<BlockedKey[]> {
  const { statusLog, errorLog } = own.tables;
  const heads = await own.read<Row>(sql`
    SELECT t.id, t.topic_alias, t.ordering_key, t.open_key, t.done_at
    FROM ${raw(errorLog)} AS e JOIN ${raw(statusLog)} AS t ON t.id = e.message_id
    WHERE e.retain_from IS NULL AND e.parked AND e.direction = 'PRODUCE' AND t.status = 'DEAD' AND t.open_key IS NOT NULL
    ORDER BY t.done_at LIMIT ${limit}`);
  const result: BlockedKey[] = [];
  for (const head of heads) {
    result.push({
      topic: head.topic_alias,
      orderingKey: head.ordering_key,
      deadId: head.id,
      since: new Date(Number(head.done_at)),
      waiting: await countBehind(own, head),
    });
  }
  return result;
}

/**
 * By key and not as a subquery of the above: a limited count for each row would need LATERAL, which MariaDB lacks. In the
 * order of the index: for a key with many rows PostgreSQL would begin to read the table instead.
 */
async function countBehind(own: OwnConnections, { id, open_key: orderKey }: Row): Promise<number> {
  const [row] = await own.read<{ n: string | number }>(sql`
    SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM ${raw(own.tables.statusLog)} AS t ${own.dialect.useIndex(own.tables, 'ix_open')}
      WHERE t.open_key = ${orderKey} AND t.id <> ${id} ORDER BY t.seq LIMIT ${MOST_COUNTED}) AS counted`);
  return Number(row!.n);
}
