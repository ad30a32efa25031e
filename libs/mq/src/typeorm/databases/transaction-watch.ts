/** `open` also while the server refuses everything but a rollback; `unknown` until the server has answered something. */
export type TransactionState = 'none' | 'open' | 'unknown';

/**
 * Knows what the server says about the transactions of one connection. Every answer of the server carries it, so following it
 * costs nothing. TypeORM's own `isTransactionActive` is what the application asked for, and is wrong after a deadlock whose
 * error was caught and ignored, after a raw ROLLBACK, and for a statement that waits behind one in the driver's queue.
 */
export interface TransactionWatch {
  /** After the last answer. */
  readonly state: TransactionState;
  /** How many transactions have ended since the connection is watched: two equal numbers mean one transaction. */
  readonly ended: number;
  /** How many plain COMMITs there were. */
  readonly commits: number;
  /**
   * How often something was said after which a COMMIT proves nothing: an error, or what may have undone a part of the transaction, ended
   * it or begun another. See {@link CommitProof}.
   */
  readonly doubts: number;
  /**
   * Called before a command leaves that may commit the transaction, on request or by the way, with all that it has done so far. What is
   * put into the driver's queue then runs before that command. `null`: nobody wants to know.
   */
  beforeCommit: (() => void) | null;
}

/** Called when a statement is about to leave the driver's queue and all before it are answered: `null` lets it be sent. */
export type Admission = () => Error | null;
