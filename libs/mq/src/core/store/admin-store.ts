import type { OutboxStats } from './outbox-store.js';
import type { OutboxStatus } from './outbox-row.js';

/** What operators do: look, and replay. */
export interface AdminStore {
  stats(): Promise<OutboxStats>;
  find(filter: AdminFilter): Promise<AdminRecord[]>;
  /**
   * Replays dead rows of the outbox and parked deliveries, in one transaction for each id: error rows resolved with the
   * reason, a parked inbox row deleted, a new status row inserted that is due at once. Ids that are neither dead nor
   * parked (any more) are left alone. Answers what was done, in the order of `ids`.
   */
  replay(ids: readonly string[], request: ReplayRequest): Promise<ReplayOutcome[]>;
}

export interface AdminFilter {
  readonly side?: 'publish' | 'consume';
  readonly status?: OutboxStatus | 'PARKED' | 'RESOLVED';
  /** Aliases. */
  readonly topic?: string;
  readonly group?: string;
  readonly key?: string;
  readonly messageId?: string;
  /** Newest first; 100 unless set, 1,000 at most. */
  readonly limit?: number;
}

/** A message as an operator sees it. `id` is what `replay` takes. */
export interface AdminRecord {
  readonly id: string;
  readonly side: 'publish' | 'consume';
  readonly messageId: string;
  readonly topic: string;
  readonly group?: string;
  readonly tag?: string;
  readonly key: string;
  readonly status: OutboxStatus | 'PARKED' | 'RESOLVED';
  readonly attempts: number;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  /** When the row was written, database time. */
  readonly createdAt: Date;
  /** When it is due, for unfinished rows. */
  readonly dueAt?: Date;
  readonly resolution?: string;
}

export interface ReplayRequest {
  /** Kept in the error rows. */
  readonly reason: string;
  readonly owner: string;
  readonly maxAttempts: number;
}

/** `replayed` with the id of the new status row, or why not. */
export type ReplayOutcome =
  | { readonly id: string; readonly outcome: 'replayed'; readonly rowId: string }
  | { readonly id: string; readonly outcome: 'not-found' | 'not-replayable' };
