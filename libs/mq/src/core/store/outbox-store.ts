import type { ErrorEntry } from './error-entry.js';
import type { LeaseRef, LeaseRequest, LeasedRow, NewOutboxRow, OutboxStatus } from './outbox-row.js';

/**
 * The outbox in some database. Implement this and run the store conformance suite against it.
 *
 * Rules for every implementation:
 * - Time is the database's, read in the statement itself: no clock of a process ever decides about a row.
 * - Each method but `stage` is its own short transaction at READ COMMITTED, on its own connection, and does no I/O
 *   besides its statements. None of them may run while the caller holds a connection of the same pool.
 * - A write to a leased row is filtered by its token; a row that is not there under this token any more is left alone
 *   and reported, never an error.
 * - Lists may be of any length; split them where the database has limits. An empty list costs no statement.
 *
 * @typeParam Tx a handle of the caller's transaction, e.g. TypeORM's `EntityManager`
 */
export interface OutboxStore<Tx = unknown> {
  /**
   * Inserts the rows in the caller's transaction, before it resolves, in one statement where the database can.
   * Rows with an `orderKey` first lock the stripe of that key until the transaction ends, so that the order of `seq` is
   * the order of commits.
   * @returns whether the database has said that it inserted each of them: a trigger may have kept some out
   * @throws {MqError} `MQ_TRANSACTION_CLOSED` when the server is no longer in the transaction that the caller believes in.
   */
  stage(tx: Tx, rows: readonly NewOutboxRow[], lease: LeaseRequest): Promise<boolean>;

  /**
   * Reads back rows after a commit that may have been none: `null` for each that is not there under its token.
   * The answer comes in the order of `refs`.
   */
  confirm(refs: readonly LeaseRef[]): Promise<(ConfirmedRow | null)[]>;

  /**
   * Leases rows of these lanes that are due, earliest first: new ones, retries, expired leases, silent groups alike. What
   * waits in other lanes is not even read.
   */
  claim(request: ClaimRequest): Promise<Claimed>;

  /**
   * Head check: which of these rows have an older row of their key that is neither finished nor among `rows`?
   * Not a lock: what it says may be outdated at once, but only towards "free".
   */
  blocked(rows: readonly BlockedQuery[]): Promise<ReadonlySet<string>>;

  /** Makes blocked rows sleep behind the older one: `PENDING`, due in `ms` at the latest, attempt not counted, marked for `promote`. */
  defer(refs: readonly LeaseRef[], ms: number): Promise<void>;

  /**
   * Wakes the oldest unfinished row of each key, if `defer` put it to sleep: leased to the caller as far as `bytes` of payloads
   * go, and due at once beyond.
   * Must be committed apart from the `markSent`, `park` or `defer` that it follows: in one transaction the two sides miss
   * each other, and the follower sleeps until `wakeStranded` comes by.
   */
  promote(orderKeys: readonly string[], lease: LeaseRequest, bytes: number): Promise<LeasedRow[]>;

  /**
   * Makes due what sleeps although nothing of its key goes before it any more, because a process ended between a mark and
   * its `promote`. Looks at the first row of up to `limit` keys above `after`, in the order of `open_key`, and never at
   * those behind it. Answers the last key that it looked at, `null` when there are no more.
   */
  wakeStranded(after: string, limit: number): Promise<string | null>;

  /**
   * The broker took these. `ACCEPTED` for rows that settle on a group, else `SENT`.
   * @param fate `'delete'`: what would be `SENT` is deleted; a row that is not there any more counts as marked
   */
  markSent(marks: readonly SentMark[], fate?: 'keep' | 'delete'): Promise<MarkOutcome[]>;

  /**
   * Back to `PENDING`, due in `delayMs`. `counted` adds a failed attempt; otherwise the attempt is taken back. The error is
   * that of the last attempt, but `MQ_OUTCOME_UNKNOWN` gives way to no other: the message may have left. `true` where the row
   * was still ours.
   */
  reschedule(changes: readonly Reschedule[]): Promise<boolean[]>;

  /** Parks a row: `DEAD`, and its error row in the same transaction. `freeKey` lets younger rows of its key go on. `false` when it was no longer ours. */
  park(ref: LeaseRef, error: ErrorEntry, options: { freeKey: boolean }): Promise<boolean>;

  /**
   * Takes one attempt off each of these rows, started and failed together, if it is `PENDING` or `SENDING` and has one that
   * failed: it was because of the broker. One that is being sent again has that attempt on top, which stays.
   */
  refund(ids: readonly string[]): Promise<void>;

  /** Milliseconds until the earliest row of these lanes is due, negative when it is overdue by that much, `null` when there is none. One plain SELECT: this is what idling costs. */
  nextDueIn(lanes: readonly Lane[]): Promise<number | null>;

  /** Every lane that has unfinished rows, also those that nobody here can send. Costs a probe for each, however many rows there are. */
  unfinishedLanes(): Promise<LaneState[]>;

  /** For which brokers whose connections the newest 1,000 messages were published, and when each last. */
  recentOwners(): Promise<OwnerState[]>;

  /** What became of these messages, for those that want to know. Missing ones do not exist (any more). */
  inspect(ids: readonly string[]): Promise<ReadonlyMap<string, RowState>>;

  /** Writes error rows that do not belong to a change of state. */
  recordErrors(entries: readonly ErrorEntry[]): Promise<void>;

  /** Deletes at most `limit` rows that are finished, old enough, and (if parked) resolved. Answers how many went. */
  prune(what: PruneTarget, olderThanMs: number, limit: number): Promise<number>;

  stats(): Promise<OutboxStats>;
}

export interface ConfirmedRow {
  readonly id: string;
  readonly deliverAt: number | null;
  readonly seq: string;
}

/** The rows of one topic of one broker that one connection has published. A process names those that it can send. */
export interface Lane {
  readonly connection: string;
  readonly broker: string;
  /** As the broker calls it. */
  readonly topic: string;
}

export interface LaneState extends Lane {
  /** Milliseconds until its earliest row is due, negative when it is overdue. */
  readonly dueInMs: number;
  /** Unfinished rows; 1,000 stands for "that many or more". */
  readonly waiting: number;
  /** Somebody has paused its topic, so that it is sent by nobody. */
  readonly paused?: boolean;
}

export interface OwnerState extends Omit<Lane, 'topic'> {
  /** How long ago it published last, in milliseconds. */
  readonly publishedAgoMs: number;
}

export interface ClaimRequest {
  readonly lanes: readonly Lane[];
  readonly limit: number;
  /** Of payloads, all together. One row is claimed however large it is. */
  readonly bytes: number;
  /** `youngest`: those that became due last, youngest first. Default `oldest`. */
  readonly end?: 'oldest' | 'youngest';
  readonly lease: LeaseRequest;
}

export interface Claimed {
  /** Earliest due first, whichever end they come from. */
  readonly rows: LeasedRow[];
  /** More was due than could be taken. */
  readonly more: boolean;
}

export interface BlockedQuery {
  readonly id: string;
  readonly orderKey: string;
  readonly seq: string;
}

export interface SentMark extends LeaseRef {
  readonly brokerMessageId: string;
}

/**
 * `marked`: done. `settled`: its group handled it faster than we could mark it, which is as good. `lost`: somebody
 * else leases it by now, and will send it again.
 */
export type MarkOutcome = 'marked' | 'settled' | 'lost';

export interface Reschedule extends LeaseRef {
  readonly delayMs: number;
  readonly counted: boolean;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface RowState {
  readonly status: OutboxStatus;
  readonly brokerMessageId: string | null;
  /** Epoch milliseconds on the database's clock; `null` once finished. */
  readonly dueAt: number | null;
  readonly leaseToken: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

export type PruneTarget = 'sent' | 'inbox' | 'errors';

export interface OutboxStats {
  readonly byStatus: Readonly<Record<OutboxStatus, number>>;
  /** Parked deliveries that nobody has resolved. */
  readonly parkedDeliveries: number;
  /** How long the earliest row has been overdue, in milliseconds; 0 when none is. Rows of a topic that is paused do not count. */
  readonly overdueMs: number;
}
