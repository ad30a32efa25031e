import { raw, sql } from '../../typeorm/sql/sql.js';
import type { Check } from '../check.js';

/** Every instance with the relay's role deletes every five minutes or so. */
const SLACK_MS = 3_600_000;
const MOST_COUNTED = 10_000;

/** Rows that should have been deleted. Dead ones that nobody has looked at stay for ever, and are not meant. */
export const pruning: Check = {
  code: 'pruning',
  needs: 'tables',
  async run({ options: { retention }, database }) {
    const { sentMs } = retention;
    if (sentMs === null) return [];
    const { dialect, tables } = database;
    const [row] = await database.rows<{ n: string | number }>(sql`SELECT COUNT(*) AS n FROM (
      SELECT 1 AS one FROM ${raw(tables.statusLog)} AS t ${dialect.useIndex(tables, 'ix_done')}
      WHERE t.done_at <= ${dialect.nowMs} - ${sentMs + SLACK_MS} AND t.status <> 'DEAD' LIMIT ${MOST_COUNTED}) AS counted`);
    const rows = Number(row!.n);
    if (rows === 0) return [];
    return [
      {
        code: 'prune-behind',
        severity: 'warning',
        what: `${rows} rows are older than retention.sent and still there: no process with the relay's role has deleted them, or none keeps up`,
        evidence: { rows, atLeast: rows === MOST_COUNTED, retentionMs: sentMs },
        todo: 'mq prune, and see that a process with the role relay runs',
      },
    ];
  },
};
