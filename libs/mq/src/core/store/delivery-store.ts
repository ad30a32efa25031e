import type { ErrorEntry } from './error-entry.js';

/**
 * Port to the database side of a delivery: the transaction in which a handler works, and the inbox that makes its effects
 * happen once.
 *
 * @typeParam Handle what a handler works with, e.g. TypeORM's `EntityManager`
 */
export interface DeliveryStore<Handle = unknown> {
  /**
   * Runs `work` in a new transaction and commits when it resolves, rolls back when it rejects.
   * `transact` rejects with what `work` rejects with. When the commit itself fails, nobody can know whether it happened;
   * the rejection is then the database's error, and the inbox shows it at the next delivery.
   * @throws {TransactionLost} when its connection broke, whatever `work` rejected with
   * @throws {TransactionUndone} when COMMIT did not fail and nothing was committed
   */
  transact<T>(
    options: { readonly lockWaitMs: number },
    work: (tx: DeliveryTransaction<Handle>) => Promise<T>,
  ): Promise<T>;

  /** Given to the handlers of a group without inbox: each statement is committed by itself, and nothing happens only once. */
  readonly handleWithoutTransaction: Handle;

  /** Runs a query that concerns no message. Rejects while the database cannot take deliveries. */
  probe(): Promise<void>;

  /** Counts the recorded failures of this message that nobody has resolved. Looked up on redelivery only. */
  countFailures(groupId: string, messageId: string): Promise<number>;

  /** Records one failed attempt, outside of any transaction of the delivery: a rollback must not take it along. */
  recordFailure(entry: ErrorEntry): Promise<void>;

  /**
   * Parks a delivery in one new transaction: inbox row (`parked`), error row with the payload, and the status row that
   * waits for its group, if there is one, becomes `DEAD`.
   * Returns `written`; or, when the inbox holds a row under this id already, what that row says: then nothing is written.
   * Every entry can be parked: values that the database refuses are left out or rewritten, the payload never.
   */
  park(entry: ErrorEntry, options: ParkOptions): Promise<'written' | InboxHolds>;

  /** Counts a copy of a message that was handled or parked before. Never called for a first delivery. */
  countCopy(groupId: string, messageId: string, reason: CopyReason): Promise<void>;

  /** Settles the status row of a message whose inbox row says handled, when a duplicate arrives because the settling was lost. */
  settleHandled(awaited: AwaitedRow, brokerMessageId: string): Promise<void>;
}

/**
 * Why a message came again that its group has handled or parked. `redelivered`: the broker delivered it before, or this process
 * had it before. `sent-twice`: it is another copy at the broker. `replayed`: somebody has replayed it.
 */
export type CopyReason = 'redelivered' | 'sent-twice' | 'replayed';

/**
 * The status row that is settled when a group has handled its message (`settleOn`). Its id is that of the message, except for
 * a replay, which has a row of its own and carries the id of the message that it replays.
 */
export interface AwaitedRow {
  readonly id: string;
  readonly messageId: string;
  /** Alias of the group that the row waits for; a row that waits for another is left alone. */
  readonly group: string;
}

/**
 * What the inbox holds under the id of a message that is delivered again.
 *
 * - `handled`, `parked`: a copy of it.
 * - `half-done`: an attempt that was committed before its end. The handler committed in the middle, or the database did
 *   without being asked (DDL on MySQL), and then the handler threw, was cut off, or the process ended: what it had done
 *   until then stays, the rest is missing.
 * - `other`: a message with another body.
 */
export type InboxHolds = 'handled' | 'parked' | 'half-done' | 'other';

export interface ParkOptions {
  /** `false`: the error row alone is written. */
  readonly inbox: boolean;
  /** The status row that becomes `DEAD`. */
  readonly awaited: AwaitedRow | null;
  /** As for {@link DeliveryTransaction.enterInbox}. Default: `null`. */
  readonly digest?: number | null;
  /** Whether to park a message that is half done in the inbox. Default: `false`. */
  readonly halfDone?: boolean;
}

export interface DeliveryTransaction<Handle = unknown> {
  readonly handle: Handle;

  /**
   * Inserts the inbox row under `token`, as the first statement of the transaction. If the transaction is committed before
   * {@link markHandled}, by the handler or by what it does, others must see the row as half done. A copy of the message
   * that is being handled elsewhere right now is waited for, up to `lockWaitMs`; the limit is lifted again before this
   * resolves, so that the handler's own statements run under the limits of the user.
   * @param digest of the body; `null` for a body that is not to be compared with that of the row
   * @throws {InboxContention} when that wait ended in a lock timeout, a deadlock or a serialization failure
   * @throws {Unstorable} when the database refuses a value of the message
   */
  enterInbox(
    groupId: string,
    messageId: string,
    token: string,
    digest?: number | null,
  ): Promise<'entered' | InboxHolds>;

  /**
   * {@link enterInbox} for several messages of one group, in one statement. Returns the ids of those that entered; the inbox held a row under
   * the id of each of the others, which are not compared.
   * @param rows at least one, of different messages
   */
  enterInboxAll(
    groupId: string,
    rows: readonly { readonly messageId: string; readonly digest: number | null }[],
    token: string,
  ): Promise<ReadonlySet<string>>;

  /**
   * Settles the status row of a message whose topic settles on this group. Immediately before {@link markHandled}: earlier, its
   * lock would hold up bulk marks while the handler runs.
   */
  settleRow(awaited: AwaitedRow, brokerMessageId: string): Promise<void>;

  /**
   * From now on the inbox row of this token says handled, if the transaction commits. The last thing before that. `false`, or an error, means
   * that the transaction is broken (a handler swallowed an SQL error), and its COMMIT would be a rollback. A store that notices that
   * only after the COMMIT rejects with {@link TransactionUndone}.
   */
  markHandled(groupId: string, messageId: string, token: string): Promise<boolean>;

  /** {@link markHandled} for all that entered under one token. `false` as soon as one row is missing. */
  markAllHandled(groupId: string, messageIds: readonly string[], token: string): Promise<boolean>;

  /**
   * Makes the handle useless, for a handler that did not return in time: from now on it cannot write through it, neither
   * in the transaction nor, worse, in autocommit after it. Synchronous, so that no statement can slip between.
   */
  sever(): void;
}

/** The inbox row could not be inserted: another transaction held it for too long, or the database ended this one to solve a deadlock. */
export class InboxContention extends Error {
  override readonly name = 'InboxContention';
}

/** The database refuses a value of this message, and would refuse it again: nothing is wrong with the database. */
export class Unstorable extends Error {
  override readonly name = 'Unstorable';
}

/** The connection of a delivery's transaction broke. Whatever the handler threw then, the message is not at fault. `cause` is the error. */
export class TransactionLost extends Error {
  override readonly name = 'TransactionLost';
}

/** COMMIT went through, and the inbox rows that {@link DeliveryTransaction.markHandled} answered for are not there: it was a rollback. */
export class TransactionUndone extends Error {
  override readonly name = 'TransactionUndone';
}
