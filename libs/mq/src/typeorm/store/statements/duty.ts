import type { DutyAnswer } from '../../../core/store/metrics-store.js';
import { raw, sql } from '../../sql/sql.js';
import { toNumber } from '../leased-row.js';
import type { OwnConnections } from '../own-connections.js';

const METRICS = 'metrics';

/**
 * Takes or keeps the lease of a duty. Not a lock of the database, which would hold a connection, and which a pooler in
 * transaction mode gives to somebody else; nor the node that was seen last, of which two may think so at once.
 *
 * Whoever cannot have it only reads. The UPDATE decides: of several that read the end of the lease, the first gets it.
 */
export async function takeDuty(own: OwnConnections, candidate: string, ms: number): Promise<DutyAnswer> {
  const { dialect, tables } = own;
  const [found] = await own.read<{ now: string | number; owner: string | null; until_at: string | number | null }>(sql`
    SELECT ${dialect.nowMs} AS now, d.owner, d.until_at
    FROM (SELECT 1 AS one) AS always LEFT JOIN ${raw(tables.duty)} AS d ON d.duty = ${METRICS}`);
  const databaseMs = Number(found!.now);
  const until = toNumber(found!.until_at);
  if (until === null || (found!.owner !== candidate && until > databaseMs)) return { held: false, databaseMs };
  const { affected } = await own.write(sql`
    UPDATE ${raw(tables.duty)} SET owner = ${candidate}, until_at = ${dialect.nowMs} + ${Math.round(ms)}
    WHERE duty = ${METRICS} AND (owner = ${candidate} OR until_at <= ${dialect.nowMs})`);
  return { held: affected === 1, databaseMs };
}

export async function leaveDuty(own: OwnConnections, candidate: string): Promise<void> {
  await own.write(sql`UPDATE ${raw(own.tables.duty)} SET owner = NULL, until_at = 0
    WHERE duty = ${METRICS} AND owner = ${candidate}`);
}
