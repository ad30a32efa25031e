import type { ReplayRequest } from '../../../core/store/admin-store.js';
import { raw, sql, type Sql } from '../../sql/sql.js';
import type { OwnConnections } from '../own-connections.js';

/** The columns of a new row that anybody may claim at once. */
export function dueNow(
  { dialect: { nowMs } }: OwnConnections,
  rowId: string,
  request: ReplayRequest,
): { columns: Sql; values: Sql } {
  return {
    columns: raw('id, status, max_attempts, due_at, created_at, updated_at'),
    values: sql`${rowId}, 'PENDING', ${request.maxAttempts}, ${nowMs}, ${nowMs}, ${nowMs}`,
  };
}
