import type { LikeEvidence } from '../../core/store/evidence-store.js';
import { groupBy } from '../../core/runtime/group-by.js';
import { list, raw, sql } from '../sql/sql.js';
import type { Reader } from '../store/reader.js';
import type { ErrorRow } from './rows.js';

/** Parked messages that are looked at: the oldest that nobody has decided about, and the error rows of the last decisions. */
const MOST_OPEN = 5_000;
const MOST_DECIDED = 2_000;

interface Cause {
  readonly direction: 'PRODUCE' | 'CONSUME';
  readonly topic_alias: string | null;
  readonly group_alias: string | null;
  readonly error_code: string;
}
interface Counted extends Cause {
  readonly n: string | number;
}
interface Decided extends Cause {
  readonly resolution: string | null;
  readonly resolved_by: string | null;
  readonly resolved_at: string;
}

/**
 * How many messages were parked for the same reasons as these. By `ix_error_retain`, which keeps what nobody has decided about in one
 * place, and the rest by time.
 */
export async function likesOf(reader: Reader, causes: readonly ErrorRow[]): Promise<LikeEvidence[]> {
  const wanted = new Map(causes.filter(({ parked }) => Boolean(parked)).map((cause) => [nameOf(cause), cause]));
  if (wanted.size === 0) return [];
  const { dialect, tables } = reader;
  const codes = list([...new Set([...wanted.values()].map((cause) => cause.error_code))]);
  const from = sql`FROM ${raw(tables.errorLog)} AS e ${dialect.useIndex(tables, 'ix_error_retain')}`;
  const columns = raw('e.direction, e.topic_alias, e.group_alias, e.error_code');
  const open = await reader.read<Counted>(sql`
    SELECT p.direction, p.topic_alias, p.group_alias, p.error_code, COUNT(*) AS n FROM (
      SELECT ${columns} ${from} WHERE e.retain_from IS NULL LIMIT ${MOST_OPEN}) AS p
    WHERE p.error_code IN (${codes}) GROUP BY p.direction, p.topic_alias, p.group_alias, p.error_code`);
  const decided = await reader.read<Decided>(sql`
    SELECT d.direction, d.topic_alias, d.group_alias, d.error_code, d.resolution, d.resolved_by, d.resolved_at FROM (
      SELECT ${columns}, e.parked, e.resolution, e.resolved_by, e.resolved_at ${from}
      WHERE e.retain_from IS NOT NULL ORDER BY e.retain_from DESC LIMIT ${MOST_DECIDED}) AS d
    WHERE d.parked AND d.resolved_at IS NOT NULL AND d.error_code IN (${codes}) ORDER BY d.resolved_at DESC`);
  const counts = new Map(open.map((row) => [nameOf(row), Number(row.n)]));
  const decisions = groupBy(decided, nameOf);
  return [...wanted].map(([name, cause]) => {
    const theirs = decisions.get(name) ?? [];
    const last = theirs[0];
    return {
      direction: cause.direction,
      topicAlias: cause.topic_alias,
      group: cause.group_alias,
      code: cause.error_code,
      open: counts.get(name) ?? 0,
      decided: theirs.length,
      last: last
        ? { resolution: last.resolution ?? '', by: last.resolved_by ?? '', at: Number(last.resolved_at) }
        : null,
    };
  });
}

function nameOf({ direction, topic_alias: topic, group_alias: group, error_code: code }: Cause): string {
  return JSON.stringify([direction, topic, group, code]);
}
