import type { PauseRequest, PauseState, PauseStore, PauseTarget, ResumeRequest } from '../../core/store/pause-store.js';
import { fitColumn } from '../sql/fit-column.js';
import { raw, sql } from '../sql/sql.js';
import { toNumber } from '../store/leased-row.js';
import type { OwnConnections } from '../store/own-connections.js';
import { recordAction } from '../store/statements/record-action.js';

interface PauseRow {
  readonly connection: string;
  readonly target: PauseTarget;
  readonly topic: string | null;
  readonly paused: boolean | number;
  readonly reason: string;
  readonly actor: string;
  readonly paused_at: string | number;
  readonly until_at: string | number | null;
  readonly left_ms: string | number | null;
  readonly version: string | number;
}

/** Pauses in PostgreSQL, MySQL or MariaDB. A row for each topic and group that was ever paused. */
export class TypeOrmPauseStore implements PauseStore {
  constructor(private readonly own: OwnConnections) {}

  async pause({ connection, target, topic, forMs, reason, actor }: PauseRequest): Promise<void> {
    const { dialect, tables } = this.own;
    const until = forMs === null ? raw('NULL') : sql`${dialect.nowMs} + ${Math.round(forMs)}`;
    await this.own.transaction(async (run) => {
      const texts = [connection, target, topic, fitColumn(reason, 2_000), fitColumn(actor, 128)];
      await run(
        dialect.operations.upsert({
          table: tables.pause,
          columns: ['connection', 'target', 'topic', 'reason', 'actor', 'paused', 'until_at', 'paused_at', 'version'],
          values: [...texts.map((text) => sql`${text}`), raw('true'), until, dialect.nowMs, raw('1')],
          key: ['connection', 'target'],
          overwrite: ['topic', 'reason', 'actor', 'paused', 'until_at', 'paused_at'],
          countUp: 'version',
        }),
      );
      const details = forMs === null ? {} : { forMs: Math.round(forMs) };
      await recordAction(this.own, run, { connection, action: 'pause', actor, reason, target, details, affected: 1 });
    });
  }

  resume({ connection, target, reason, actor }: ResumeRequest): Promise<boolean> {
    const { dialect, tables } = this.own;
    return this.own.transaction(async (run) => {
      const { affected } =
        await run(sql`UPDATE ${raw(tables.pause)} SET paused = false, reason = ${fitColumn(reason, 2_000)},
          actor = ${fitColumn(actor, 128)}, until_at = NULL, version = version + 1
        WHERE connection = ${connection} AND target = ${target} AND paused
          AND (until_at IS NULL OR until_at > ${dialect.nowMs})`);
      if (affected === 0) return false;
      await recordAction(this.own, run, { connection, action: 'resume', actor, reason, target, affected: 1 });
      return true;
    });
  }

  async list(connection: string): Promise<{ version: number; pauses: PauseState[] }> {
    const { dialect, tables } = this.own;
    const rows = await this.own.read<PauseRow>(sql`
      SELECT connection, target, topic, paused, reason, actor, paused_at, until_at, until_at - ${dialect.nowMs} AS left_ms, version
      FROM ${raw(tables.pause)} WHERE connection = ${connection} ORDER BY paused_at, target`);
    return {
      version: rows.reduce((sum, { version }) => sum + Number(version), 0),
      pauses: rows.map(toPause),
    };
  }
}

function toPause(row: PauseRow): PauseState {
  const until = toNumber(row.until_at);
  const leftMs = toNumber(row.left_ms);
  return {
    connection: row.connection,
    target: row.target,
    topic: row.topic,
    paused: Boolean(row.paused) && (leftMs === null || leftMs > 0),
    reason: row.reason,
    actor: row.actor,
    since: new Date(Number(row.paused_at)),
    until: until === null ? null : new Date(until),
    leftMs,
  };
}
