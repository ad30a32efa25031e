import type { ErrorGroupFilter, MqErrorGroup } from '../../../core/store/error-group.js';
import { join, list, raw, sql, type Sql } from '../../sql/sql.js';
import type { OwnConnections } from '../own-connections.js';
import { errorGroupId } from './error-group-id.js';
import { atOrAfter } from './message-conditions.js';
import { UNDECIDED } from './undecided.js';

/** So many of the newest errors are looked at: 0.3 s of a database's time, and more than people go through. */
const ERRORS_LOOKED_AT = 20_000;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

type Count = string | number;

interface Row {
  readonly group_hash: string;
  readonly newest: string;
  readonly failed: Count;
  readonly undecided: Count;
  readonly replayed: Count;
  readonly discarded: Count;
  readonly first_at: Count;
  readonly last_at: Count;
}

interface Newest {
  readonly id: string;
  readonly direction: 'PRODUCE' | 'CONSUME';
  readonly message_id: string | null;
  readonly topic_alias: string | null;
  readonly group_alias: string | null;
  readonly error_code: string;
  readonly error_class: string;
  readonly message: string;
}

/** Groups equal errors, those with the newest error first. Payloads are not read, and of the texts one for each group. */
export async function errorGroups(
  own: OwnConnections,
  filter: ErrorGroupFilter,
  lookedAt = ERRORS_LOOKED_AT,
): Promise<MqErrorGroup[]> {
  const limit = Math.min(filter.limit ?? DEFAULT_LIMIT, MAX_LIMIT);
  const newest = sql`SELECT e.id, ${errorGroupId(own.dialect)} AS group_hash, COALESCE(e.message_id, e.id) AS subject, e.parked,
      e.decision, e.retain_from, e.created_at
    FROM ${raw(own.tables.errorLog)} AS e WHERE ${conditions(filter)} ORDER BY e.id DESC LIMIT ${lookedAt}`;
  const messagesOf = (which: Sql): Sql => sql`COUNT(DISTINCT CASE WHEN ${which} THEN e.subject END)`;
  const groups = await own.read<Row>(sql`
    SELECT e.group_hash, MAX(e.id) AS newest, COUNT(DISTINCT e.subject) AS failed, ${messagesOf(UNDECIDED)} AS undecided,
      ${messagesOf(raw(`e.parked AND e.decision = 'replayed'`))} AS replayed,
      ${messagesOf(raw(`e.parked AND e.decision = 'discarded'`))} AS discarded,
      MIN(e.created_at) AS first_at, MAX(e.created_at) AS last_at
    FROM (${newest}) AS e GROUP BY e.group_hash ORDER BY MAX(e.id) DESC LIMIT ${limit}`);
  if (groups.length === 0) return [];
  const texts = await newestOf(own, groups);
  const countedSince = await instantOfCut(own, filter, lookedAt);
  return groups.flatMap((row) => {
    const text = texts.get(row.newest);
    // Pruned between the two statements, with its whole group.
    return text ? [toGroup(row, text, countedSince)] : [];
  });
}

function conditions({ side, topic, group, since, resolved }: ErrorGroupFilter): Sql {
  const all: Sql[] = [sql`1 = 1`];
  if (side !== undefined) all.push(sql`e.direction = ${side === 'publish' ? 'PRODUCE' : 'CONSUME'}`);
  if (topic !== undefined) all.push(sql`e.topic_alias = ${topic}`);
  if (group !== undefined) all.push(sql`e.group_alias = ${group}`);
  if (since !== undefined) all.push(atOrAfter('e', since));
  if (resolved === false) all.push(UNDECIDED);
  if (resolved === true) all.push(sql`e.parked AND e.retain_from IS NOT NULL`);
  return join(all, ' AND ');
}

async function newestOf(own: OwnConnections, groups: readonly Row[]): Promise<ReadonlyMap<string, Newest>> {
  const rows = await own.read<Newest>(sql`
    SELECT id, direction, message_id, topic_alias, group_alias, error_code, error_class, message
    FROM ${raw(own.tables.errorLog)} WHERE id IN (${list(groups.map(({ newest }) => newest))})`);
  return new Map(rows.map((row) => [row.id, row]));
}

/** When the oldest error was that was looked at, if there are older ones. */
async function instantOfCut(own: OwnConnections, filter: ErrorGroupFilter, lookedAt: number): Promise<Date | null> {
  const last = await own.read<{ created_at: Count }>(sql`SELECT e.created_at FROM ${raw(own.tables.errorLog)} AS e
    WHERE ${conditions(filter)} ORDER BY e.id DESC LIMIT 2 OFFSET ${raw(String(lookedAt - 1))}`);
  return last.length === 2 ? new Date(Number(last[0]!.created_at)) : null;
}

function toGroup(row: Row, text: Newest, countedSince: Date | null): MqErrorGroup {
  return {
    id: row.group_hash,
    side: text.direction === 'PRODUCE' ? 'publish' : 'consume',
    topic: text.topic_alias ?? '',
    ...(text.group_alias === null ? {} : { group: text.group_alias }),
    code: text.error_code,
    errorClass: text.error_class,
    message: text.message,
    count: Number(row.failed),
    open: Number(row.undecided),
    firstAt: new Date(Number(row.first_at)),
    lastAt: new Date(Number(row.last_at)),
    lastMessageId: text.message_id,
    decided: { replayed: Number(row.replayed), discarded: Number(row.discarded) },
    countedSince,
  };
}
