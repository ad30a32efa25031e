import { CommitProof } from '../databases/commit-proof.js';
import type { RawConnection } from '../databases/raw-connection.js';
import type { TransactionWatch } from '../databases/transaction-watch.js';
import type { Entered } from './inbox-row.js';

/**
 * The inbox rows of one attempt, from their INSERT to the end of its transaction.
 *
 * They are inserted as handled, which is right for nearly every attempt: either all of it is committed or nothing. Two
 * kinds of handler are not like that, and the driver hears of both.
 *
 * - One that commits in the middle, as DDL does on MySQL. So from {@link begin} to {@link trust} the rows are made `STARTED` before any
 *   command that may do so: they must not say handled if the rest of the attempt fails, or its process is killed.
 * - One that swallows an SQL error, after which COMMIT is a rollback. Then {@link trust} refuses, and a statement marks the
 *   rows, or finds them gone. After COMMIT the driver may still not have heard all that proves it; then there are {@link unproven} rows,
 *   to be read on another connection.
 *
 * A statement that marked the rows of every attempt as handled cost a fifth of the time of a small handler.
 */
export class EnteredRows {
  private rows: Entered | null = null;
  private proof: CommitProof | null = null;
  /** They were made `STARTED`, and may be so still. */
  private demoted = false;
  private trusted = false;
  private proven = false;

  constructor(
    private readonly connection: RawConnection,
    private readonly watch: TransactionWatch,
    /** What makes the rows `STARTED`. */
    private readonly startedAgain: (rows: Entered) => { text: string; parameters: readonly unknown[] },
  ) {}

  /** They have been inserted. */
  begin(rows: Entered): void {
    this.rows = rows;
    this.proof = new CommitProof(this.watch);
    const demote = (): void => {
      const { text, parameters } = this.startedAgain(rows);
      // Not asked about its own statement.
      this.watch.beforeCommit = null;
      this.demoted = true;
      this.connection.send(text, parameters);
      this.watch.beforeCommit = demote;
    };
    this.watch.beforeCommit = demote;
  }

  /**
   * The handler has done its part, and these rows shall be committed. Whether they can be left as they are; if not, somebody has to
   * mark them, because of the others or of what happened to the transaction.
   */
  trust(rows: Entered): boolean {
    if (rows.token !== this.rows?.token || rows.groupId !== this.rows.groupId) return false;
    this.watch.beforeCommit = null;
    const known = new Set(this.rows.messageIds);
    this.trusted = !this.demoted && this.proof!.isClean && rows.messageIds.every((id) => known.has(id));
    return this.trusted;
  }

  /** The transaction is over, or about to be rolled back. Before the connection does anything else. */
  end(): void {
    this.watch.beforeCommit = null;
    this.proven ||= this.trusted && this.proof!.isGiven;
  }

  /** Rows of which nobody has shown that they were committed, though no COMMIT failed. */
  get unproven(): Entered | null {
    return this.trusted && !this.proven ? this.rows : null;
  }
}
