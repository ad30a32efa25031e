import type {
  AdminFilter,
  AdminRecord,
  BlockedKey,
  CancelOutcome,
  DiscardOutcome,
  ReplayOutcome,
} from '../../core/store/admin-store.js';
import type { Orphans } from '../../core/relay/orphan-watch.js';
import type { OutboxStats } from '../../core/store/outbox-store.js';

export interface MqHealth {
  /** `degraded`: something waits, nothing is lost, publishing goes on (the broker is down). `down`: this process cannot do its work. */
  readonly status: 'up' | 'degraded' | 'down';
  /** Why it is not `up`, a sentence each. */
  readonly reasons: readonly string[];
}

export interface MqCounts extends OutboxStats {
  /** Ordering keys that wait behind a dead message, the longest blocked first, 100 at most. */
  readonly blockedKeys: readonly BlockedKey[];
  /** Messages that have been due for more than a minute, and that this process cannot send: nobody else seems to, either. */
  readonly orphans: readonly Orphans[];
}

/** What operators need. */
export abstract class MqAdminService {
  /** Rows by status, parked deliveries, blocked keys, orphans, and how long the earliest row is overdue. */
  abstract counts(): Promise<MqCounts>;
  abstract find(filter?: AdminFilter): Promise<AdminRecord[]>;
  /**
   * Sends dead and parked messages again, under the id that they had. `ids` are those that `find` answers.
   * @param options.reason kept with the error rows: who asks in a year will want to know
   */
  abstract replay(ids: readonly string[], options: { reason: string }): Promise<ReplayOutcome[]>;
  /**
   * Ends dead and parked messages for good: nothing is sent or run again, and the younger messages of a dead one's
   * ordering key go on. `ids` are those that `find` answers.
   * @param options.reason kept with the error rows
   */
  abstract discard(ids: readonly string[], options: { reason: string }): Promise<DiscardOutcome[]>;
  /**
   * Cancels messages that have not left yet: delayed ones, those that wait for the broker or behind another of their
   * ordering key. They end as `CANCELLED`. What is on the wire at this moment is left alone.
   * @param options.reason kept with the row
   */
  abstract cancel(ids: readonly string[], options: { reason: string }): Promise<CancelOutcome[]>;
  /** Never rejects, and answers within about three seconds, also when the database does not; it then says what it could not learn. */
  abstract health(): Promise<MqHealth>;
}
