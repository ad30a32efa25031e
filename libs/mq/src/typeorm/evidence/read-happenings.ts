import type { Happening, HappeningKind, Happenings } from '../../core/store/happening.js';
import { raw, sql, type Sql } from '../sql/sql.js';
import type { OwnConnections } from '../store/own-connections.js';

/** Of each source: the newest. */
const MOST = 2_000;
/** Rows are there when their transaction is committed, which may take as long. */
const LATE_MS = 30_000;
/** The inbox has the time at which an attempt began, and is committed at its end. */
const LATE_INBOX_MS = 10 * 60_000;
/** Ids are made by the clocks of processes. */
const CLOCKS_MS = 30_000;

interface Row {
  readonly id: string;
  readonly at: string | number;
  readonly topic?: string | null;
  readonly grp?: string | null;
  readonly message_id?: string | null;
  readonly msg_key?: string | null;
  readonly tag?: string | null;
  readonly code?: string | null;
}

/** Six reads, each by an index from its new end: by id, which sorts by time, or by the time that the table keeps. */
export async function readHappenings(
  own: OwnConnections,
  backMs: number,
  aliasOf: (groupId: string) => string,
): Promise<Happenings> {
  const [clock] = await own.read<{ now: string | number }>(sql`SELECT ${own.dialect.nowMs} AS now`);
  const now = Number(clock!.now);
  const since = now - Math.max(LATE_MS, backMs);
  const sources = [
    await published(own, since),
    await finished(own, since),
    await errors(own, since),
    await inbox(own, now - Math.max(LATE_INBOX_MS, backMs), aliasOf),
    await copies(own, since, aliasOf),
    await actions(own, since),
  ];
  return { now, sources, most: MOST };
}

async function published(own: OwnConnections, since: number): Promise<Happening[]> {
  const { tables } = own;
  const rows = await own.read<Row & { status: string; replay_of: string | null; updated: string | number }>(sql`
    SELECT t.id, t.created_at AS at, t.updated_at AS updated, t.status, t.replay_of, t.topic_alias AS topic, t.msg_key, t.tag,
      COALESCE(t.replay_of, t.id) AS message_id, t.settle_group AS grp
    FROM ${raw(tables.statusLog)} AS t WHERE t.id >= ${idFrom(since)} AND t.created_at >= ${since} ORDER BY t.id DESC LIMIT ${MOST}`);
  return rows.flatMap((row) => {
    const { replay_of: replayOf, status, updated, ...rest } = row;
    const message = { ...rest, grp: null };
    const first = replayOf === null ? of(message, 'published', '') : of(message, 'replayed', `as row ${row.id}`);
    const accepted = { ...message, at: updated };
    return status === 'ACCEPTED' ? [of(accepted, 'accepted', `waits for the group ${row.grp}`), first] : [first];
  });
}

async function finished(own: OwnConnections, since: number): Promise<Happening[]> {
  const { dialect, tables } = own;
  const rows = await own.read<
    Row & { status: string; broker_message_id: string | null; last_error: string | null }
  >(sql`
    SELECT t.id, t.done_at AS at, t.status, t.topic_alias AS topic, t.msg_key, t.tag, t.broker_message_id, t.last_error,
      COALESCE(t.replay_of, t.id) AS message_id
    FROM ${raw(tables.statusLog)} AS t ${dialect.useIndex(tables, 'ix_done')}
    WHERE t.done_at >= ${since} ORDER BY t.done_at DESC LIMIT ${MOST}`);
  return rows.flatMap(({ status, broker_message_id: receipt, last_error: error, ...row }) => {
    if (status === 'SENT') return [of(row, 'sent', `as ${receipt}`)];
    // Of what is dead its error row tells.
    return status === 'CANCELLED' ? [of(row, 'cancelled', error ?? '')] : [];
  });
}

async function errors(own: OwnConnections, since: number): Promise<Happening[]> {
  const { tables } = own;
  interface ErrorRow extends Row {
    readonly direction: 'PRODUCE' | 'CONSUME';
    readonly parked: boolean | number;
    readonly attempt: number;
    readonly message: string;
  }
  const rows = await own.read<ErrorRow>(sql`
    SELECT e.id, e.created_at AS at, e.direction, e.parked, e.attempt, e.message, e.error_code AS code, e.topic_alias AS topic,
      COALESCE(e.group_alias, e.group_id) AS grp, e.message_id, e.msg_key, e.tag
    FROM ${raw(tables.errorLog)} AS e WHERE e.id >= ${idFrom(since)} AND e.created_at >= ${since} ORDER BY e.id DESC LIMIT ${MOST}`);
  return rows.map(({ direction, parked, attempt, message, ...row }) => {
    const what = !parked ? 'attempt-failed' : direction === 'PRODUCE' ? 'dead' : 'parked';
    return of(row, what, `attempt ${attempt}: ${message}`);
  });
}

async function inbox(own: OwnConnections, since: number, aliasOf: (groupId: string) => string): Promise<Happening[]> {
  const { dialect, tables } = own;
  const rows = await own.read<Row & { grp: string; state: string }>(sql`
    SELECT i.message_id AS id, i.message_id, i.created_at AS at, i.group_id AS grp, i.state, t.topic_alias AS topic, t.msg_key, t.tag
    FROM (SELECT n.* FROM ${raw(tables.inbox)} AS n ${dialect.useIndex(tables, 'ix_inbox_created')}
      WHERE n.created_at >= ${since} ORDER BY n.created_at DESC LIMIT ${MOST}) AS i
    LEFT JOIN ${raw(tables.statusLog)} AS t ON t.id = ${dialect.asId(raw('i.message_id'))} ORDER BY i.created_at DESC`);
  return rows.flatMap(({ state, ...row }) => {
    const delivery = { ...row, grp: aliasOf(row.grp) };
    if (state === 'HANDLED') return [of(delivery, 'handled', '')];
    // Of what is parked its error row tells.
    return state === 'STARTED' ? [of(delivery, 'half-done', 'an attempt was committed before its end')] : [];
  });
}

async function copies(own: OwnConnections, since: number, aliasOf: (groupId: string) => string): Promise<Happening[]> {
  const { dialect, tables } = own;
  const rows = await own.read<Row & { grp: string; reason: string; copies: string | number }>(sql`
    SELECT c.message_id AS id, c.message_id, c.last_at AS at, c.group_id AS grp, c.reason, c.copies
    FROM ${raw(tables.copy)} AS c ${dialect.useIndex(tables, 'ix_copy_last')}
    WHERE c.last_at >= ${since} ORDER BY c.last_at DESC LIMIT ${MOST}`);
  return rows.map(({ reason, copies: count, ...row }) =>
    of({ ...row, grp: aliasOf(row.grp) }, 'copy', `${reason}, the ${count}. one`),
  );
}

async function actions(own: OwnConnections, since: number): Promise<Happening[]> {
  const { dialect, tables } = own;
  interface ActionRow extends Row {
    readonly action: string;
    readonly actor: string;
    readonly reason: string;
    readonly target: string;
    readonly affected: string | number;
  }
  const rows = await own.read<ActionRow>(sql`
    SELECT a.id, a.created_at AS at, a.action, a.actor, a.reason, a.target, a.affected
    FROM ${raw(tables.action)} AS a ${dialect.useIndex(tables, 'ix_action_created')}
    WHERE a.created_at >= ${since} ORDER BY a.created_at DESC LIMIT ${MOST}`);
  return rows.map(({ action, actor, reason, target, affected, ...row }) =>
    of(row, 'action', `${action} ${target} (${affected}) by ${actor}: ${reason}`),
  );
}

function of(row: Row, what: HappeningKind, text: string): Happening {
  const at = Number(row.at);
  return {
    key: JSON.stringify([what, row.id, row.grp ?? null, at]),
    at,
    what,
    topic: row.topic ?? null,
    group: row.grp ?? null,
    messageId: row.message_id ?? null,
    messageKey: row.msg_key ?? null,
    tag: row.tag ?? null,
    code: row.code ?? null,
    text,
  };
}

/** The lowest id that can have been made then, by a clock that is not far off. */
function idFrom(since: number): Sql {
  const hex = Math.max(0, since - CLOCKS_MS)
    .toString(16)
    .padStart(12, '0');
  return sql`${`${hex.slice(0, 8)}-${hex.slice(8)}`}`;
}
