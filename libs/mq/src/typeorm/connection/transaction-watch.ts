/** `open` also while the server refuses everything but a rollback; `unknown` until it has said something. */
export type TransactionState = 'none' | 'open' | 'unknown';

/**
 * What the server says about the transactions of one connection. It says so with every answer, so following it costs
 * nothing; what TypeORM believes (`isTransactionActive`) is the wish of the application, and wrong after a deadlock that
 * somebody swallowed, a raw ROLLBACK, or a statement that waits in the driver's queue behind one.
 */
export interface TransactionWatch {
  /** After the last answer. */
  readonly state: TransactionState;
  /** How many transactions have ended since the connection is watched: two equal numbers mean one transaction. */
  readonly ended: number;
}

/** Asked when a statement is about to leave the driver's queue, when all before it are answered: `null` lets it go. */
export type Admission = () => Error | null;
