import type { LeaseRef } from '../../../core/store/outbox-row.js';
import type { RelationColumn } from '../../databases/dialect.js';

/**
 * Columns of a relation of row ids and lease tokens, which a statement joins with the table: the fence. Rows that this process
 * inserted itself have one token for each publish call, so one token for the whole statement is not enough.
 */
export const LEASE_REF: readonly RelationColumn[] = [
  { name: 'row_id', type: 'id' },
  { name: 'token', type: 'id' },
];

/** The rows of that relation. */
export function leaseRefRows(refs: readonly LeaseRef[]): string[][] {
  return refs.map((ref) => [ref.id, ref.token]);
}
