import type { ActionEvidence, PauseEvidence } from '../../core/store/evidence-store.js';
import { join, list, raw, sql } from '../sql/sql.js';
import { toNumber } from '../store/leased-row.js';
import type { Reader } from '../store/reader.js';

/** Actions of people that are looked at: the newest. */
const MOST_ACTIONS = 1_000;

interface PauseRow {
  readonly now: string | number;
  readonly connection: string | null;
  readonly target: string;
  readonly reason: string;
  readonly actor: string;
  readonly paused_at: string;
  readonly until_at: string | null;
}

/** What is paused at this moment, and what time it is. The table has a row for each topic and group that ever was. */
export async function pausesNow(reader: Reader): Promise<{ now: number; pauses: PauseEvidence[] }> {
  const rows = await reader.read<PauseRow>(sql`
    SELECT c.now, p.connection, p.target, p.reason, p.actor, p.paused_at, p.until_at
    FROM (SELECT ${reader.dialect.nowMs} AS now) AS c LEFT JOIN ${raw(reader.tables.pause)} AS p
      ON p.paused AND (p.until_at IS NULL OR p.until_at > c.now)`);
  const pauses = rows.flatMap(({ connection, target, reason, actor, paused_at: since, until_at: until }) =>
    connection === null ? [] : [{ connection, target, reason, actor, since: Number(since), until: toNumber(until) }],
  );
  return { now: Number(rows[0]!.now), pauses };
}

interface ActionRow {
  readonly action: string;
  readonly actor: string;
  readonly reason: string;
  readonly target: string;
  readonly details: string | null;
  readonly created_at: string;
}

/** What was done to these rows, oldest first. One action may stand for many, which are told in its details. */
export async function actionsOn(reader: Reader, ids: readonly string[]): Promise<ActionEvidence[]> {
  const { dialect, tables } = reader;
  const named = ids.map((id) => sql`POSITION(${JSON.stringify(id)} IN a.details) > 0`);
  const rows = await reader.read<ActionRow>(sql`
    SELECT a.action, a.actor, a.reason, a.target, a.details, a.created_at FROM (
      SELECT n.* FROM ${raw(tables.action)} AS n ${dialect.useIndex(tables, 'ix_action_created')}
      ORDER BY n.created_at DESC LIMIT ${MOST_ACTIONS}) AS a
    WHERE a.target IN (${list(ids)}) OR ${join(named, ' OR ')}`);
  return (
    rows
      .map(({ action, actor, reason, target, details, created_at: when }) => ({
        action,
        actor,
        reason,
        ids: [target, ...idsIn(details)].filter((id) => ids.includes(id)),
        at: Number(when),
      }))
      // The text was found elsewhere in the details: the key of a filter is no id.
      .filter((action) => action.ids.length > 0)
      .sort((a, b) => a.at - b.at)
  );
}

function idsIn(details: string | null): readonly string[] {
  if (details === null) return [];
  return (JSON.parse(details) as { readonly ids?: readonly string[] }).ids ?? [];
}
