import type { InboxHolds } from '../../core/store/delivery-store.js';
import type { Dialect } from '../databases/dialect.js';
import { join, sql, type Sql } from '../sql/sql.js';

/** The row that makes a delivery happen once. The database sets `created_at`. */
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

/** @param rows at least one */
export function insertInboxRows({ nowMs }: Dialect, inbox: Sql, rows: readonly InboxRow[]): Sql {
  const values = rows.map(
    ({ groupId, messageId, state, token, digest }) =>
      sql`(${groupId}, ${messageId}, ${state}, ${token}, ${nowMs}, ${digest})`,
  );
  return sql`INSERT INTO ${inbox} (group_id, message_id, state, token, created_at, body_digest)
    VALUES ${join(values)}`;
}

const HOLDS = { STARTED: 'half-done', HANDLED: 'handled', PARKED: 'parked' } as const;

/** What a committed row means for a delivery of a message with this id and body. */
export function holdsOf({ state, body_digest: theirs }: FoundInboxRow, digest: number | null): InboxHolds {
  return theirs !== null && digest !== null && Number(theirs) !== digest ? 'other' : HOLDS[state];
}
