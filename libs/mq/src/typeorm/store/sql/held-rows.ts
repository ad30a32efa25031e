import type { LeaseRef } from '../../../core/store/outbox-row.js';
import type { RelationColumn } from '../../dialects/dialect.js';

/**
 * Rows and the token of each, to be joined with the table: the fence. Rows that this process inserted itself come with a
 * token for each publish call, so one token for the whole statement would not do.
 */
export const HELD_ROW: readonly RelationColumn[] = [
  { name: 'row_id', type: 'id' },
  { name: 'token', type: 'id' },
];

export function holds(refs: readonly LeaseRef[]): string[][] {
  return refs.map((ref) => [ref.id, ref.token]);
}
