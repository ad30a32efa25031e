import type { Dialect } from '../dialects/dialect.js';
import { raw, sql, type Sql } from '../dialects/sql.js';
import type { InboxRow } from './delivery-dialect.js';

export function insertInboxRow(dialect: Dialect, inbox: string, row: InboxRow): Sql {
  return sql`INSERT INTO ${raw(inbox)} (group_id, message_id, state, token, created_at)
    VALUES (${row.groupId}, ${row.messageId}, ${row.state}, ${row.token}, ${dialect.nowMs})`;
}
