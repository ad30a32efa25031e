import { raw, sql, type Sql } from '../../sql/sql.js';
import type { OwnConnections } from '../own-connections.js';

/**
 * Whether the topic of this row or lane is paused by its connection.
 * @param alias of a relation with the columns `connection` and `topic`
 */
export function isPaused({ dialect, tables }: OwnConnections, alias: string): Sql {
  return sql`EXISTS (SELECT 1 FROM ${raw(tables.pause)} AS p
    WHERE p.connection = ${raw(alias)}.connection AND p.topic = ${raw(alias)}.topic AND p.paused
      AND (p.until_at IS NULL OR p.until_at > ${dialect.nowMs}))`;
}
