import type { InboxHolds } from '../../core/store/delivery-store.js';
import type { InboxInsert } from '../databases/delivery-dialect.js';
import type { Dialect } from '../databases/dialect.js';
import { join, raw, sql, type Sql } from '../sql/sql.js';

/** The row that makes a delivery happen once. The database sets `created_at`. */
export interface InboxRow {
  readonly groupId: string;
  readonly messageId: string;
  /** In which it is inserted. */
  readonly state: 'HANDLED' | 'PARKED';
  readonly token: string;
  readonly digest: number | null;
}

/** The rows that one attempt has inserted. */
export interface Entered {
  readonly groupId: string;
  readonly messageIds: readonly string[];
  readonly token: string;
}

/** As a driver reads it. */
export interface FoundInboxRow {
  readonly state: 'STARTED' | 'HANDLED' | 'PARKED';
  readonly body_digest: string | number | null;
}

const COLUMNS = ['group_id', 'message_id', 'state', 'token', 'created_at', 'body_digest'];

/** @param rows at least one */
export function insertInboxRows({ nowMs }: Dialect, inbox: Sql, rows: readonly InboxRow[]): InboxInsert {
  const values = rows.map(
    ({ groupId, messageId, state, token, digest }) =>
      sql`(${groupId}, ${messageId}, ${state}, ${token}, ${nowMs}, ${digest})`,
  );
  return {
    into: sql`INSERT INTO ${inbox} (${raw(COLUMNS.join(', '))})`,
    columns: COLUMNS,
    values: sql`VALUES ${join(values)}`,
  };
}

const HOLDS = { STARTED: 'half-done', HANDLED: 'handled', PARKED: 'parked' } as const;

/** What a committed row means for a delivery of a message with this id and body. */
export function holdsOf({ state, body_digest: theirs }: FoundInboxRow, digest: number | null): InboxHolds {
  return theirs !== null && digest !== null && Number(theirs) !== digest ? 'other' : HOLDS[state];
}
