import type { SharedAction } from './action-store.js';
import type { AdminFilter, MessageFilter } from './admin-filter.js';
import type { CancelOutcome, DiscardOutcome, ReplayOutcome, RescheduleOutcome } from './admin-outcomes.js';
import type { AdminRecord, BlockedKey } from './admin-record.js';
import type { ErrorGroupFilter, MqErrorGroup } from './error-group.js';
import type { Lane, OutboxStats } from './outbox-store.js';
import type { UndecidedPage, UndecidedPlace } from './undecided.js';

/** What operators do: look, send again, take away. */
export interface AdminStore {
  stats(): Promise<AdminStats>;
  /**
   * Messages whose last attempt in a group failed, and that it has neither handled nor parked since, by topic and group. Looks
   * at the newest 10,000 failures of the last day.
   */
  failing(): Promise<FailingCount[]>;
  /** @param lanes only unfinished rows of these, if given */
  find(filter: Omit<AdminFilter, 'orphaned'>, lanes?: readonly Lane[]): Promise<AdminRecord[]>;
  /** Equal errors grouped, those with the newest error first. */
  errorGroups(filter: ErrorGroupFilter): Promise<MqErrorGroup[]>;
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
  /** Gives rows that wait another time to leave, in one transaction for each id. A row keeps its place in its ordering key. */
  reschedule(ids: readonly string[], when: When, request: OperatorRequest): Promise<RescheduleOutcome[]>;
  /** How many parked deliveries and dead rows this filter means that nobody has decided about, and where going through them begins. */
  countUndecided(filter: MessageFilter): Promise<{ readonly count: number; readonly first: UndecidedPlace }>;
  /** Ids of those, `limit` at once; `next` is the place to go on at. */
  undecidedPage(filter: MessageFilter, place: UndecidedPlace, limit: number): Promise<UndecidedPage>;
  /** Why `replay` would refuse some of these, as far as it is for this process to say. */
  problemsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Keys that wait behind a dead row, the longest blocked first, `limit` at most. */
  blockedKeys(limit: number): Promise<BlockedKey[]>;
}

/** An instant, or a time counted from the statement on the database's clock; both in milliseconds. */
export type When = { readonly at: number } | { readonly inMs: number };

/** Who asks for a change, and why. Both are kept with what was changed, and in an action that is written in the same transactions. */
export interface OperatorRequest {
  readonly reason: string;
  readonly owner: string;
  /** What the ids were found by, if they were not named one by one: for people who read the action. */
  readonly target?: string;
  /** More about it, for the action. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Where this request is one of many of the same bulk: their action. Without it, the request has one of its own. */
  readonly shared?: SharedAction;
}

export interface ReplayRequest extends OperatorRequest {
  readonly maxAttempts: number;
}

/** What was done, in the order of the ids, and the ordering keys, as `orderKeyOf` writes them, whose next rows may go now. */
export interface Released<Outcome> {
  readonly outcomes: Outcome[];
  readonly orderKeys: readonly string[];
}

export interface AdminStats extends OutboxStats {
  /** Dead rows that nobody has decided about, by the alias of their topic. */
  readonly deadByTopic: ReadonlyMap<string, number>;
}

export interface FailingCount {
  /** Alias; `null` where the message did not say. */
  readonly topic: string | null;
  /** Alias. */
  readonly group: string;
  readonly count: number;
}
