import type { TransactionWatch } from './transaction-watch.js';

/**
 * The driver's own word that what a transaction wrote was committed, without asking the server once more.
 *
 * Made in a transaction, before the statement that it shall answer for. It is given when the server has said since then that
 * exactly one transaction ended, by exactly one COMMIT, and has said nothing that may have undone a part of it: no error (an aborted
 * transaction of PostgreSQL rolls back on COMMIT, a deadlock of MySQL has rolled back before it), no rollback to a savepoint, nothing that
 * begins, prepares or hides a transaction. It doubts much that is harmless; then the rows are read back.
 *
 * What it cannot see: the transaction's own DELETE or UPDATE of rows that it has written before.
 */
export class CommitProof {
  private readonly ended: number;
  private readonly commits: number;
  private readonly doubts: number;

  constructor(private readonly watch: TransactionWatch) {
    ({ ended: this.ended, commits: this.commits, doubts: this.doubts } = watch);
  }

  /** Whether the transaction is over, however it ended. */
  get hasEnded(): boolean {
    return this.watch.ended !== this.ended;
  }

  /** Whether the transaction still runs, and nothing that counts against it has been said so far. */
  get isClean(): boolean {
    const { ended, commits, doubts } = this.watch;
    return ended === this.ended && commits === this.commits && doubts === this.doubts;
  }

  /** To be asked after the COMMIT, and before the connection goes back to its pool: there it may commit for others. */
  get isGiven(): boolean {
    const { ended, commits, doubts } = this.watch;
    return ended === this.ended + 1 && commits === this.commits + 1 && doubts === this.doubts;
  }
}
