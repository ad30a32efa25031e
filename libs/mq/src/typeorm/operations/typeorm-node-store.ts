import type { MqNode, NodeBeat, NodeRole, NodeState, NodeStore } from '../../core/store/node-store.js';
import { fitColumn } from '../sql/fit-column.js';
import { raw, sql } from '../sql/sql.js';
import type { OwnConnections } from '../store/own-connections.js';
import { pauseVersion } from './pause-version.js';

/** Three beats. */
const ALIVE_MS = 30_000;

interface NodeRow {
  readonly id: string;
  readonly connection: string;
  readonly instance: string;
  readonly version: string;
  readonly roles: string;
  readonly started_at: string | number;
  readonly seen_at: string | number;
  readonly clock_offset: string | number;
  readonly state: string;
  /** 1 or 0. */
  readonly alive: string | number;
}

/** Nodes in PostgreSQL, MySQL or MariaDB. */
export class TypeOrmNodeStore implements NodeStore {
  constructor(private readonly own: OwnConnections) {}

  async beat(node: NodeBeat, now: () => number): Promise<number> {
    const { dialect, tables } = this.own;
    const { nowMs } = dialect;
    const { id, connection, instance, version, roles, state } = node;
    const texts = [id, connection, fitColumn(instance, 128), version, roles.join(','), JSON.stringify(state)];
    const result = await this.own.writeOwnRow<{ answer?: unknown }>(() =>
      dialect.operations.upsertAndAnswer({
        table: tables.node,
        columns: ['id', 'connection', 'instance', 'version', 'roles', 'state', 'started_at', 'clock_offset', 'seen_at'],
        values: [...texts.map((text) => sql`${text}`), nowMs, sql`${Math.round(now())} - ${nowMs}`, nowMs],
        key: ['id'],
        overwrite: ['state', 'clock_offset', 'seen_at'],
        answer: pauseVersion(tables, connection),
      }),
    );
    return dialect.operations.answerOf(result);
  }

  async leave(id: string): Promise<void> {
    await this.own.writeOwnRow(() => sql`DELETE FROM ${raw(this.own.tables.node)} WHERE id = ${id}`);
  }

  async list(): Promise<MqNode[]> {
    const { dialect, tables } = this.own;
    const rows = await this.own.read<NodeRow>(sql`
      SELECT id, connection, instance, version, roles, started_at, seen_at, clock_offset, state,
        CASE WHEN seen_at > ${dialect.nowMs} - ${ALIVE_MS} THEN 1 ELSE 0 END AS alive
      FROM ${raw(tables.node)} ORDER BY started_at, id`);
    return rows.map(toNode);
  }

  async prune(notSeenForMs: number): Promise<number> {
    const { dialect, tables } = this.own;
    const { affected } = await this.own.write(
      sql`DELETE FROM ${raw(tables.node)} WHERE seen_at < ${dialect.nowMs} - ${Math.round(notSeenForMs)}`,
    );
    return affected;
  }
}

function toNode(row: NodeRow): MqNode {
  return {
    id: row.id,
    connection: row.connection,
    instance: row.instance,
    version: row.version,
    roles: row.roles.split(',') as NodeRole[],
    startedAt: new Date(Number(row.started_at)),
    seenAt: new Date(Number(row.seen_at)),
    clockOffsetMs: Number(row.clock_offset),
    alive: Number(row.alive) === 1,
    state: JSON.parse(row.state) as NodeState,
  };
}
