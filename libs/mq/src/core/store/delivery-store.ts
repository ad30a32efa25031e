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
   */
  transact<T>(
    options: { readonly lockWaitMs: number },
    work: (tx: DeliveryTransaction<Handle>) => Promise<T>,
  ): Promise<T>;

  /** What a handler of a group without inbox works with: no transaction, no promise. */
  readonly bare: Handle;

  /** Recorded failures of this delivery that nobody has resolved. Looked up on redelivery only. */
  failures(groupId: string, messageId: string): Promise<number>;

  /** Records one failed attempt, outside of any transaction of the delivery: a rollback must not take it along. */
  recordFailure(entry: ErrorEntry): Promise<void>;

  /**
   * Parks a delivery in one new transaction: inbox row (`parked`), error row with the payload, and the status row that
   * waits for its group, if there is one, becomes `DEAD`.
   * `'superseded'` when the inbox holds a row of this message already: then nothing is written.
   * Without `inbox` the error row alone is written.
   */
  park(
    entry: ErrorEntry,
    options: { readonly inbox: boolean; readonly awaited: AwaitedRow | null },
  ): Promise<'parked' | 'superseded'>;

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

export interface DeliveryTransaction<Handle = unknown> {
  readonly handle: Handle;

  /**
   * Inserts the inbox row under `token`, first thing in the transaction. A copy of the message that is being handled
   * elsewhere right now is waited for, up to `lockWaitMs`; the limit is lifted again before this resolves, so that the
   * handler's own statements run under the limits of the user.
   * @throws {InboxContention} when that wait ended in a lock timeout, a deadlock or a serialization failure
   */
  enter(groupId: string, messageId: string, token: string): Promise<'entered' | 'handled' | 'parked'>;

  /** Finishes the status row of a message whose topic settles on this group. Immediately before `readBack`: earlier it would hold up bulk marks while the handler runs. */
  settle(awaited: AwaitedRow, brokerMessageId: string): Promise<void>;

  /**
   * Reads the inbox row back under the token, as the last statement. `false`, or an error, means that what looks like a
   * transaction is none any more (a handler swallowed an SQL error), and its COMMIT would be a rollback.
   */
  readBack(groupId: string, messageId: string, token: string): Promise<boolean>;

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
