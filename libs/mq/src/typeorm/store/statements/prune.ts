import type { PruneTarget } from '../../../core/store/outbox-store.js';
import { join, list, raw, sql, type Sql } from '../../sql/sql.js';
import { groupBy } from '../../../core/runtime/group-by.js';
import type { OwnConnections, Run } from '../own-connections.js';
import { hasParkedError } from './parked-errors.js';

/**
 * Deletes what has been finished for long enough, at most `limit` rows: picked by the index on their age, locked unless
 * somebody else works on them, deleted by primary key. A DELETE by age would lock the ranges that others insert into.
 *
 * What is parked goes only when it is resolved. Those are looked at last, when everything else of that age is gone:
 * a thousand dead rows that nobody cares for must not be walked over for each batch of the others.
 */
export function prune(own: OwnConnections, what: PruneTarget, olderThanMs: number, limit: number): Promise<number> {
  const before = sql`${own.dialect.nowMs} - ${Math.round(olderThanMs)}`;
  switch (what) {
    case 'sent':
      return pruneSent(own, before, limit);
    case 'inbox':
      return pruneInbox(own, before, limit);
    case 'errors':
      return pruneErrors(own, before, limit);
  }
}

async function pruneSent(own: OwnConnections, before: Sql, limit: number): Promise<number> {
  const { dialect, tables } = own;
  const aged = sql`FROM ${raw(tables.statusLog)} AS t ${dialect.useIndex(tables, 'ix_done')} WHERE t.done_at <= ${before}`;
  const pick = (which: Sql, n: number): Sql =>
    sql`SELECT t.id ${aged} AND ${which} ORDER BY t.done_at LIMIT ${n} FOR UPDATE SKIP LOCKED`;
  const resolvedDead = sql`t.status = 'DEAD' AND ${hasParkedError(tables, 'resolved')}
    AND NOT ${hasParkedError(tables, 'unresolved')}`;
  const count = await deleteById(own, tables.statusLog, pick(sql`t.status <> 'DEAD'`, limit));
  return count < limit ? count + (await deleteById(own, tables.statusLog, pick(resolvedDead, limit - count))) : count;
}

/** The row of a dead message needs its error row to know that it is resolved, so the error row goes after it. */
async function pruneErrors(own: OwnConnections, before: Sql, limit: number): Promise<number> {
  const { dialect, tables } = own;
  return deleteById(
    own,
    tables.errorLog,
    sql`SELECT e.id FROM ${raw(tables.errorLog)} AS e ${dialect.useIndex(tables, 'ix_error_retain')}
      WHERE e.retain_from <= ${before} AND NOT (e.parked AND ${anyRowOf(own, 'e.message_id', sql`t.status = 'DEAD'`)})
      ORDER BY e.retain_from LIMIT ${limit} FOR UPDATE SKIP LOCKED`,
  );
}

/** Whether the outbox has a row, the message's own or one that replays it, of which `condition` is true. */
function anyRowOf({ dialect, tables }: OwnConnections, messageId: string, condition: Sql): Sql {
  const among = (column: string): Sql => sql`EXISTS (SELECT 1 FROM ${raw(tables.statusLog)} AS t
    WHERE t.${raw(column)} = ${dialect.asId(raw(messageId))} AND ${condition})`;
  return sql`(${among('id')} OR ${among('replay_of')})`;
}

function deleteById(own: OwnConnections, table: string, pick: Sql): Promise<number> {
  return own.transaction(async (run) => {
    const { rows } = await run<{ id: string }>(pick);
    if (rows.length === 0) return 0;
    return (await run(sql`DELETE FROM ${raw(table)} WHERE id IN (${list(rows.map((row) => row.id))})`)).affected;
  });
}

/**
 * What a group has handled stays known as long as a row of that message is not done: a row that is sent again, or a dead
 * one that somebody may replay, would make it run a second time.
 */
async function pruneInbox(own: OwnConnections, before: Sql, limit: number): Promise<number> {
  const { dialect, tables } = own;
  const pick = (which: Sql, n: number): Sql => sql`
    SELECT i.group_id, i.message_id FROM ${raw(tables.inbox)} AS i ${dialect.useIndex(tables, 'ix_inbox_created')}
    WHERE i.created_at <= ${before} AND ${which} ORDER BY i.created_at LIMIT ${n} FOR UPDATE SKIP LOCKED`;
  const errors = sql`SELECT 1 FROM ${raw(tables.errorLog)} AS e
    WHERE e.message_id = ${dialect.asId(raw('i.message_id'))} AND e.group_id = i.group_id AND e.parked AND e.resolved_at`;
  const resolved = sql`i.state = 'PARKED' AND EXISTS (${errors} IS NOT NULL) AND NOT EXISTS (${errors} IS NULL)`;
  const needed = anyRowOf(own, 'i.message_id', sql`t.status NOT IN ('SENT', 'CANCELLED')`);
  const count = await own.transaction((run) =>
    deleteInbox(own, run, pick(sql`i.state <> 'PARKED' AND NOT ${needed}`, limit)),
  );
  await pruneCopies(own, before, limit);
  if (count === limit) return count;
  return count + (await own.transaction((run) => deleteInbox(own, run, pick(resolved, limit - count))));
}

/** As many as inbox rows at most: each of them was counted beside one. */
async function pruneCopies(own: OwnConnections, before: Sql, limit: number): Promise<void> {
  const { dialect, tables } = own;
  await own.transaction(async (run) => {
    const { rows } = await run<CopyKey>(sql`
      SELECT c.group_id, c.message_id FROM ${raw(tables.copy)} AS c ${dialect.useIndex(tables, 'ix_copy_last')}
      WHERE c.last_at <= ${before} ORDER BY c.last_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`);
    if (rows.length > 0)
      await run(sql`DELETE FROM ${raw(tables.copy)} WHERE last_at <= ${before} AND (${anyOf(rows)})`);
  });
}

interface CopyKey {
  readonly group_id: string;
  readonly message_id: string;
}

async function deleteInbox(own: OwnConnections, run: Run, pick: Sql): Promise<number> {
  const { rows } = await run<CopyKey>(pick);
  if (rows.length === 0) return 0;
  return (await run(sql`DELETE FROM ${raw(own.tables.inbox)} WHERE ${anyOf(rows)}`)).affected;
}

/** By group: MariaDB does not look up a list of pairs in an index, it reads, and locks, the whole table. */
function anyOf(rows: readonly CopyKey[]): Sql {
  const groups = [...groupBy(rows, (row) => row.group_id)].map(
    ([groupId, members]) =>
      sql`(group_id = ${groupId} AND message_id IN (${list(members.map((row) => row.message_id))}))`,
  );
  return join(groups, ' OR ');
}
