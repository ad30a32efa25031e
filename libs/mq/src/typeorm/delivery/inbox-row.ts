import type { InboxHolds } from '../../core/store/delivery-store.js';
import type { Dialect } from '../dialects/dialect.js';
import { raw, sql, type Sql } from '../dialects/sql.js';

/** The row that makes a delivery happen once. `created_at` is the database's affair. */
export interface InboxRow {
  readonly groupId: string;
  readonly messageId: string;
  readonly state: 'STARTED' | 'PARKED';
  readonly token: string;
  readonly digest: number | null;
}

/** As a driver reads it. */
export interface FoundInboxRow {
  readonly state: 'STARTED' | 'HANDLED' | 'PARKED';
  readonly body_digest: string | number | null;
}

export function insertInboxRow(dialect: Dialect, inbox: string, row: InboxRow): Sql {
  return sql`INSERT INTO ${raw(inbox)} (group_id, message_id, state, token, created_at, body_digest)
    VALUES (${row.groupId}, ${row.messageId}, ${row.state}, ${row.token}, ${dialect.nowMs}, ${row.digest})`;
}

const HOLDS = { STARTED: 'half-done', HANDLED: 'handled', PARKED: 'parked' } as const;

/** What a committed row says to a delivery of a message with this id and body. */
export function holdsOf({ state, body_digest: theirs }: FoundInboxRow, digest: number | null): InboxHolds {
  return theirs !== null && digest !== null && Number(theirs) !== digest ? 'other' : HOLDS[state];
}
