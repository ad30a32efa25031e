/**
 * The state machine of the outbox as constraints. The first is the one that matters most: a row that is not finished
 * and has no `due_at` would be read by no sweep, and its message would be lost unnoticed.
 */
export const STATUS_CHECKS: readonly { readonly name: string; readonly rule: string }[] = [
  { name: 'ck_status', rule: `status IN ('PENDING', 'SENDING', 'ACCEPTED', 'SENT', 'DEAD', 'CANCELLED')` },
  { name: 'ck_due', rule: `(status IN ('PENDING', 'SENDING', 'ACCEPTED')) = (due_at IS NOT NULL)` },
  { name: 'ck_lease', rule: `(status = 'SENDING') = (lease_token IS NOT NULL)` },
  { name: 'ck_done', rule: `(status IN ('PENDING', 'SENDING', 'ACCEPTED')) = (done_at IS NULL)` },
];
