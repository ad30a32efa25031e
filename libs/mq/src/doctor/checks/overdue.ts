import { nextDueIn } from '../../typeorm/store/statements/claim.js';
import type { Check } from '../check.js';
import { lanesOf } from '../lanes-of.js';

/** A relay polls every few seconds, and what it cannot send is due later. */
const OVERDUE_MS = 60_000;

export const overdue: Check = {
  code: 'overdue',
  needs: 'tables',
  async run(context) {
    const overdueMs = -((await nextDueIn(context.database.own, (await lanesOf(context)).all)) ?? 0);
    if (overdueMs <= OVERDUE_MS) return [];
    return [
      {
        code: 'rows-overdue',
        severity: 'error',
        what: `a message has been due for ${Math.round(overdueMs / 1_000)} s: no relay runs, it cannot keep up, or the broker takes nothing`,
        evidence: { overdueSeconds: Math.round(overdueMs / 1_000) },
        todo: 'mq status, and mq reproduce where no relay runs',
      },
    ];
  },
};
