import type { MessageFilter } from '../../../core/store/admin-filter.js';
import type { UndecidedPage, UndecidedPlace } from '../../../core/store/undecided.js';
import { join, raw, sql, type Sql } from '../../sql/sql.js';
import type { OwnConnections } from '../own-connections.js';
import { parkedConditions } from './find-parked.js';
import { publishedConditions, publishedFrom } from './find-published.js';

/** What somebody may decide about who means this filter, oldest first: what `find()` shows for it as PARKED and DEAD. */
interface Undecided {
  readonly parked: { readonly from: Sql; readonly where: Sql } | null;
  readonly dead: { readonly from: Sql; readonly where: Sql } | null;
}

/**
 * A row that died because its `settleOn` group gave it up is a parked delivery as well. Where both are meant it is gone
 * through once, as that delivery, and deciding about it decides about the row.
 */
function undecided(own: OwnConnections, filter: MessageFilter): Undecided {
  const { side, status, group } = filter;
  const withParked = side !== 'publish' && status !== 'DEAD';
  const withDead = side !== 'consume' && status !== 'PARKED' && group === undefined;
  const dead = { ...filter, status: 'DEAD' } as const;
  const errors = sql`${raw(own.tables.errorLog)} AS e ${own.dialect.useIndex(own.tables, 'ix_error_retain')}`;
  const parkedWhere = join(parkedConditions(own, { ...filter, status: 'PARKED' }), ' AND ');
  return {
    parked: withParked ? { from: errors, where: parkedWhere } : null,
    dead: withDead
      ? {
          from: publishedFrom(own, dead, withParked ? 'relay' : 'all'),
          where: join(publishedConditions(own, dead), ' AND '),
        }
      : null,
  };
}

/** How many there are now, and the place to begin at. */
export async function countUndecided(
  own: OwnConnections,
  filter: MessageFilter,
): Promise<{ count: number; first: UndecidedPlace }> {
  const { parked, dead } = undecided(own, filter);
  const [now] = await own.read<{ now_ms: string | number }>(sql`SELECT ${own.dialect.nowMs} AS now_ms`);
  const asOf = Number(now!.now_ms);
  const count = async (part: Undecided['parked'], at: string): Promise<number> => {
    if (!part) return 0;
    const [row] = await own.read<{ n: string | number }>(
      sql`SELECT COUNT(*) AS n FROM ${part.from} WHERE ${part.where} AND ${raw(at)} <= ${asOf}`,
    );
    return Number(row!.n);
  };
  return {
    count: (await count(parked, 'e.created_at')) + (await count(dead, 't.done_at')),
    first: { asOf, among: 'parked', after: null },
  };
}

/**
 * One page. Parked deliveries by the time of their parking, which is the database's: on an ordered topic a message is handled,
 * or given up, before the next of its key is handed out. Dead rows by `seq`, which is their order.
 */
export async function undecidedPage(
  own: OwnConnections,
  filter: MessageFilter,
  { asOf, among, after }: UndecidedPlace,
  limit: number,
): Promise<UndecidedPage> {
  const part = undecided(own, filter)[among];
  const rest: UndecidedPlace | null = among === 'parked' ? { asOf, among: 'dead', after: null } : null;
  if (!part) return { ids: [], next: rest };
  const { columns, until, beyond, order } = among === 'parked' ? PARKED : DEAD;
  const all = [part.where, sql`${raw(until)} <= ${asOf}`];
  if (after) all.push(beyond(after));
  const rows = await own.read<{ id: string; place: string | number }>(sql`SELECT ${columns} FROM ${part.from}
    WHERE ${join(all, ' AND ')} ORDER BY ${order} LIMIT ${limit}`);
  const last = rows.at(-1);
  const more = last && rows.length === limit;
  return {
    ids: rows.map(({ id }) => id),
    next: more ? { asOf, among, after: [String(last.place), last.id] } : rest,
  };
}

const PARKED = {
  columns: raw('e.id, e.created_at AS place'),
  until: 'e.created_at',
  beyond: ([at, id]: readonly string[]): Sql =>
    sql`(e.created_at > ${Number(at)} OR (e.created_at = ${Number(at)} AND e.id > ${id}))`,
  order: raw('e.created_at, e.id'),
};

const DEAD = {
  columns: raw('t.id, t.seq AS place'),
  until: 't.done_at',
  beyond: ([seq]: readonly string[]): Sql => sql`t.seq > ${seq}`,
  order: raw('t.seq'),
};
