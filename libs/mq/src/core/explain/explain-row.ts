import type { MessageEvidence, RowEvidence } from '../store/evidence-store.js';
import { explainCancelled, explainDead } from './explain-finished.js';
import { explainAccepted, explainSent } from './explain-delivery.js';
import { explainPending } from './explain-pending.js';
import { explainSending } from './explain-sending.js';
import type { Verdict } from './explanation.js';
import type { Surroundings } from './surroundings.js';

/** Explains the newest row of a message. */
export function explainRow(row: RowEvidence, message: MessageEvidence, around: Surroundings): Verdict {
  switch (row.status) {
    case 'PENDING':
      return explainPending(row, message, around, explainRow);
    case 'SENDING':
      return explainSending(row, around);
    case 'ACCEPTED':
      return explainAccepted(row, message, around);
    case 'SENT':
      return explainSent(row, message, around);
    case 'DEAD':
      return explainDead(row, message, around);
    case 'CANCELLED':
      return explainCancelled(row, message);
  }
}
