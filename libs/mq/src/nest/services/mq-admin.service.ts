import type { AdminFilter, AdminRecord, ReplayOutcome } from '../../core/store/admin-store.js';
import type { OutboxStats } from '../../core/store/outbox-store.js';

export interface MqHealth {
  /** `degraded`: something waits, nothing is lost, publishing goes on (the broker is down). `down`: this process cannot do its work. */
  readonly status: 'up' | 'degraded' | 'down';
  /** Why it is not `up`, a sentence each. */
  readonly reasons: readonly string[];
}

/** What operators need. */
export abstract class MqAdminService {
  /** Rows by status, parked deliveries, and how long the earliest row is overdue. */
  abstract counts(): Promise<OutboxStats>;
  abstract find(filter?: AdminFilter): Promise<AdminRecord[]>;
  /**
   * Sends dead and parked messages again, under the id that they had. `ids` are those that `find` answers.
   * @param options.reason kept with the error rows: who asks in a year will want to know
   */
  abstract replay(ids: readonly string[], options: { reason: string }): Promise<ReplayOutcome[]>;
  abstract health(): Promise<MqHealth>;
}
