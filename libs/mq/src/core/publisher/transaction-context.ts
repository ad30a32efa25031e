/**
 * How `publish()` finds the transaction that it belongs to, and learns about its end.
 *
 * @typeParam Tx a handle of a transaction, e.g. TypeORM's `EntityManager`
 */
export interface TransactionContext<Tx = unknown> {
  /**
   * The transaction to join: the given one; the innermost ambient one of this data source; the one of the delivery
   * being handled, if it is of this data source. `null` when there is none of these. A delivery that has ended counts for
   * nothing, whoever still runs in its async context.
   * @param alone the message stands for itself if there is nothing to join
   * @throws {MqError} `MQ_TRANSACTION_REQUIRED` for a given handle without an active transaction,
   *   `MQ_TRANSACTION_MISMATCH` for one of another data source or a released one,
   *   `MQ_TRANSACTION_CLOSED` for the handle of a delivery that has ended, and without a handle, unless `alone`, in the context
   *   of a handler that was cut off.
   */
  find(explicit: Tx | undefined, alone?: boolean): JoinedTransaction<Tx> | null;

  /** Opens a transaction of its own around `work`, on a connection of its own. */
  own<T>(work: (transaction: JoinedTransaction<Tx>) => Promise<T>): Promise<T>;
}

export interface JoinedTransaction<Tx = unknown> {
  readonly tx: Tx;
  /**
   * Calls `listener` once, when the outermost transaction ends, as far as this process can see. It is called within the
   * caller's commit, so it must only take note; what it throws never reaches the caller.
   * `partly`: a savepoint of it was rolled back before, so that not all of it is expected to be there.
   */
  onEnd(listener: (outcome: TransactionOutcome, partly?: boolean) => void): void;
  /**
   * Lets the transaction commit only after `work`, and never if that fails: then its commit fails with the same error. For what belongs to it
   * and is not awaited by whoever began it. Absent where nothing can hold a commit.
   */
  holdCommit?(work: Promise<unknown>): void;
}

/**
 * - `proven`: committed, and nothing of it was undone before: what it has inserted is there, unless it has deleted that itself.
 * - `committed`: a hint and no proof, since a database that had aborted the transaction also ends here. What is there, for
 *   somebody outside of the transaction, was committed; what is not there was not.
 * - `rolled-back`: nothing of it will ever be there.
 * - `unknown`: COMMIT was asked for, and the connection broke before its answer. What is there was committed; what is not
 *   there may still be.
 * - `left-open`: whoever began it has given its connection away without COMMIT or ROLLBACK.
 */
export type TransactionOutcome = 'proven' | 'committed' | 'rolled-back' | 'unknown' | 'left-open';
