import type { ActionFilter, ActionName, ActionStore, MqAction, NewAction } from '../../core/store/action-store.js';
import { join, raw, sql, type Sql } from '../sql/sql.js';
import type { OwnConnections } from '../store/own-connections.js';
import { recordAction } from '../store/statements/record-action.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

interface ActionRow {
  readonly id: string;
  readonly connection: string;
  readonly action: ActionName;
  readonly actor: string;
  readonly reason: string;
  readonly target: string;
  readonly details: string | null;
  readonly affected: string | number;
  readonly created_at: string | number;
}

/** What operators have done, in PostgreSQL, MySQL or MariaDB. */
export class TypeOrmActionStore implements ActionStore {
  constructor(private readonly own: OwnConnections) {}

  record(action: NewAction): Promise<void> {
    return this.own.transaction((run) => recordAction(this.own, run, action));
  }

  /**
   * A message is looked for in the details, by every id that it has in the tables, and without an index: people do few things,
   * and one row stands for up to a hundred messages. Its error rows are kept for as long as the actions.
   */
  async list({ messageId, action, since, limit = DEFAULT_LIMIT }: ActionFilter): Promise<MqAction[]> {
    const conditions: Sql[] = [sql`1 = 1`];
    if (messageId !== undefined) {
      const ids = await this.idsOf(messageId);
      const named = ids.map((id) => sql`POSITION(${JSON.stringify(id)} IN details) > 0`);
      conditions.push(sql`(${join(named, ' OR ')})`);
    }
    if (action !== undefined) conditions.push(sql`action = ${action}`);
    if (since !== undefined) conditions.push(sql`created_at >= ${since.getTime()}`);
    const most = Math.min(Math.max(1, Math.floor(limit)), MAX_LIMIT);
    const rows = await this.own.read<ActionRow>(sql`
      SELECT id, connection, action, actor, reason, target, details, affected, created_at
      FROM ${raw(this.own.tables.action)} WHERE ${join(conditions, ' AND ')} ORDER BY created_at DESC, id DESC LIMIT ${most}`);
    return rows.map(toAction);
  }

  /** Of its rows in the outbox, replays included, and of its error rows. */
  private async idsOf(messageId: string): Promise<string[]> {
    const { statusLog, errorLog } = this.own.tables;
    const rows = await this.own.read<{ id: string }>(sql`
      SELECT id FROM ${raw(statusLog)} WHERE replay_of = ${messageId}
      UNION ALL SELECT id FROM ${raw(errorLog)} WHERE message_id = ${messageId} AND parked LIMIT ${MAX_LIMIT}`);
    return [messageId, ...rows.map(({ id }) => id)];
  }

  async prune(olderThanMs: number): Promise<number> {
    const { dialect, tables } = this.own;
    const { affected } = await this.own.write(
      sql`DELETE FROM ${raw(tables.action)} WHERE created_at <= ${dialect.nowMs} - ${Math.round(olderThanMs)}`,
    );
    return affected;
  }
}

function toAction(row: ActionRow): MqAction {
  return {
    id: row.id,
    connection: row.connection,
    action: row.action,
    actor: row.actor,
    reason: row.reason,
    target: row.target,
    details: JSON.parse(row.details ?? '{}') as Record<string, unknown>,
    affected: Number(row.affected),
    at: new Date(Number(row.created_at)),
  };
}
