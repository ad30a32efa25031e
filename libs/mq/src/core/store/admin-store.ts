import type { OutboxStats } from './outbox-store.js';
import type { OutboxStatus } from './outbox-row.js';

/** What operators do: look, send again, take away. */
export interface AdminStore {
  stats(): Promise<OutboxStats>;
  find(filter: AdminFilter): Promise<AdminRecord[]>;
  /**
   * Replays dead rows of the outbox and parked deliveries, in one transaction for each id: error rows resolved with the
   * reason, a parked inbox row deleted, a new status row inserted that is due at once. Ids that are neither dead nor
   * parked (any more) are left alone. Answers what was done, in the order of `ids`.
   */
  replay(ids: readonly string[], request: ReplayRequest): Promise<ReplayOutcome[]>;
  /**
   * Ends dead rows and parked deliveries for good, in one transaction for each id: error rows resolved with the reason,
   * the ordering key of a dead row let go. A parked inbox row stays: copies that the broker still has are acknowledged
   * without running.
   */
  discard(ids: readonly string[], request: OperatorRequest): Promise<Released<DiscardOutcome>>;
  /** Ends rows that have not left, `CANCELLED`, in one transaction for each id; their ordering keys are let go. */
  cancel(ids: readonly string[], request: OperatorRequest): Promise<Released<CancelOutcome>>;
  /** Keys that wait behind a dead row, the longest blocked first, `limit` at most. */
  blockedKeys(limit: number): Promise<BlockedKey[]>;
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
  /** Id of the oldest row of its ordering key that goes before this one, while that is not done. */
  readonly blockedBy?: string;
  /** Why somebody replayed, discarded or cancelled it. */
  readonly resolution?: string;
}

/** Who asks for a change, and why. Both are kept with what was changed. */
export interface OperatorRequest {
  readonly reason: string;
  readonly owner: string;
}

export interface ReplayRequest extends OperatorRequest {
  readonly maxAttempts: number;
}

/** What was done, in the order of the ids, and the ordering keys (`open_key`) whose next rows may go now. */
export interface Released<Outcome> {
  readonly outcomes: Outcome[];
  readonly openKeys: readonly string[];
}

/** An ordering key that a dead row holds back. */
export interface BlockedKey {
  /** Alias. */
  readonly topic: string;
  readonly orderingKey: string;
  /** The dead row: what `replay` and `discard` take. */
  readonly deadId: string;
  /** When it died, database time. */
  readonly since: Date;
  /** Rows behind it; 1,000 stands for "that many or more". */
  readonly waiting: number;
}

/** `replayed` with the id of the new status row, or why not. */
export type ReplayOutcome =
  | { readonly id: string; readonly outcome: 'replayed'; readonly rowId: string }
  /** `problem`: what of it the transport cannot send, when that is why. */
  | { readonly id: string; readonly outcome: 'not-found' | 'not-replayable'; readonly problem?: string };

/** `not-discardable`: neither dead nor parked, or somebody has replayed or discarded it already. */
export interface DiscardOutcome {
  readonly id: string;
  readonly outcome: 'discarded' | 'not-found' | 'not-discardable';
}

/**
 * `not-cancellable`: it is on the wire at this moment, has left, or is finished. `mayHaveLeft`: an earlier attempt ended
 * without an answer of the broker, so consumers may see the message all the same.
 */
export type CancelOutcome =
  | { readonly id: string; readonly outcome: 'cancelled'; readonly mayHaveLeft: boolean }
  | { readonly id: string; readonly outcome: 'not-found' | 'not-cancellable' };
