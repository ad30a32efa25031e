import type { ErrorEntry } from './error-entry.js';

/**
 * The database side of a delivery: the transaction in which a handler works, and the inbox that makes its effects
 * happen once.
 *
 * @typeParam Handle what a handler works with, e.g. TypeORM's `EntityManager`
 */
export interface DeliveryStore<Handle = unknown> {
  /**
   * Runs `work` in a new transaction and commits when it resolves, rolls back when it rejects.
   * What `work` rejects with is what `transact` rejects with. When the commit itself fails, nobody can tell whether it
   * happened; the rejection is then the database's error, and the inbox knows at the next delivery.
   * @throws {TransactionLost} when its connection broke, whatever `work` made of that
   */
  transact<T>(
    options: { readonly lockWaitMs: number },
    work: (tx: DeliveryTransaction<Handle>) => Promise<T>,
  ): Promise<T>;

  /** What a handler of a group without inbox works with: no transaction, no promise. */
  readonly bare: Handle;

  /** Asks the database something that concerns no message. Rejects while it cannot take deliveries. */
  probe(): Promise<void>;

  /** Recorded failures of this delivery that nobody has resolved. Looked up on redelivery only. */
  failures(groupId: string, messageId: string): Promise<number>;

  /** Records one failed attempt, outside of any transaction of the delivery: a rollback must not take it along. */
  recordFailure(entry: ErrorEntry): Promise<void>;

  /**
   * Parks a delivery in one new transaction: inbox row (`parked`), error row with the payload, and the status row that
   * waits for its group, if there is one, becomes `DEAD`.
   * Answers `written`; or, when the inbox holds a row under this id already, what that is: then nothing was.
   * Whatever the entry contains, it can be parked: values that the database refuses are left out or rewritten, the
   * payload never.
   */
  park(entry: ErrorEntry, options: ParkOptions): Promise<'written' | InboxHolds>;

  /** Settles the status row of a message whose inbox row says handled: the duplicate of a delivery whose own settling was lost. */
  settleHandled(awaited: AwaitedRow, brokerMessageId: string): Promise<void>;
}

/**
 * The status row that is done when a group has handled its message (`settleOn`). Its id is that of the message, but for a
 * replay: that has a row of its own, and on the wire the id of the message that it replays.
 */
export interface AwaitedRow {
  readonly id: string;
  readonly messageId: string;
  /** Alias of the group that the row waits for; a row that waits for another is left alone. */
  readonly group: string;
}

/**
 * What the inbox holds under the id of a message that comes again.
 *
 * - `handled`, `parked`: a copy of it.
 * - `half-done`: an attempt that was committed and never came to its end. Its handler, or the database behind its back
 *   (DDL on MySQL), committed in the middle, and then it threw, was cut off, or the process ended: what it had done until
 *   then stays, the rest is missing.
 * - `other`: a message with another body.
 */
export type InboxHolds = 'handled' | 'parked' | 'half-done' | 'other';

export interface ParkOptions {
  /** `false`: the error row alone is written. */
  readonly inbox: boolean;
  /** The status row that becomes `DEAD`. */
  readonly awaited: AwaitedRow | null;
  /** As for {@link DeliveryTransaction.enter}. Default: `null`. */
  readonly digest?: number | null;
  /** Parks what the inbox says is half done. Default: `false`. */
  readonly halfDone?: boolean;
}

export interface DeliveryTransaction<Handle = unknown> {
  readonly handle: Handle;

  /**
   * Inserts the inbox row under `token`, first thing in the transaction, as one that has started. A copy of the message
   * that is being handled elsewhere right now is waited for, up to `lockWaitMs`; the limit is lifted again before this
   * resolves, so that the handler's own statements run under the limits of the user.
   * @param digest of the body; `null` for a body that is not to be compared with that of the row
   * @throws {InboxContention} when that wait ended in a lock timeout, a deadlock or a serialization failure
   * @throws {Unstorable} when the database refuses a value of the message
   */
  enter(groupId: string, messageId: string, token: string, digest?: number | null): Promise<'entered' | InboxHolds>;

  /** Finishes the status row of a message whose topic settles on this group. Immediately before `finish`: earlier it would hold up bulk marks while the handler runs. */
  settle(awaited: AwaitedRow, brokerMessageId: string): Promise<void>;

  /**
   * Turns the inbox row of this token from started into handled, as the last statement. `false`, or an error, means that
   * what looks like a transaction is none any more (a handler swallowed an SQL error), and its COMMIT would be a rollback.
   */
  finish(groupId: string, messageId: string, token: string): Promise<boolean>;

  /**
   * Cuts the handle off, for a handler that did not come back in time: from now on it cannot write through it, neither
   * in the transaction nor, worse, in autocommit after it. Synchronous, so that nothing can slip between.
   */
  sever(): void;
}

/** The inbox row could not be inserted because somebody else held it for too long, or the database chose us as victim. */
export class InboxContention extends Error {
  override readonly name = 'InboxContention';
}

/** The database refuses a value of this message, and would again: nothing is wrong with the database. */
export class Unstorable extends Error {
  override readonly name = 'Unstorable';
}

/** The connection of a delivery's transaction broke: whatever the handler threw then, the message is not to blame. `cause` is the error. */
export class TransactionLost extends Error {
  override readonly name = 'TransactionLost';
}
