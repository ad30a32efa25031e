import type { QueryRunner } from 'typeorm';
import type { Clock } from '../../core/runtime/clock.js';
import type { SessionSettings } from '../databases/delivery-dialect.js';
import type { EnteredRows } from './entered-rows.js';
import { mark, type RawConnection } from '../databases/raw-connection.js';

/** How long a ROLLBACK may take before the connection is closed instead, which is a rollback as well. */
const ROLLBACK_LIMIT_MS = 2_000;
/** How long the server may take to be asked to end a statement. */
const INTERRUPT_LIMIT_MS = 5_000;

/**
 * Session of one delivery: its connection, from the begin of its transaction to its return to the pool.
 *
 * TypeORM begins, commits and releases; this class replaces `release()` of the query runner, so that it sees each end. States:
 *
 * - *working*: the handler runs.
 *   → *returned* when TypeORM releases: settings restored, connection back in the pool. If the transaction is still open
 *     then (neither COMMIT nor ROLLBACK went through, or a nested transaction was never ended), the connection is
 *     closed, which rolls it back.
 *   → *abandoned* when the handler failed or was severed.
 * - *abandoned*: the query runner is marked released at once, so that no code of the handler that still runs can use
 *   it, and rolled back past TypeORM. A failed handler's connection goes back to the pool; a severed one's is closed.
 * - *returned*, *abandoned* and rolled back: final. A later call waits for the end that is already under way.
 *
 * What a severed handler left running is ended at the server, first thing, so that the rollback gets its turn; what a failed
 * one left running has the limit of the rollback to end by itself. Otherwise the pool would have its slot back and the
 * server one session more, each time, until it takes no more.
 *
 * A statement that had passed TypeORM's check just before the mark reaches the connection after ROLLBACK, where it
 * would be committed by itself. Hence `ROLLBACK AND CHAIN`: the connection is never outside of a transaction, and
 * that last one is rolled back, too.
 */
export class DeliverySession {
  private end: Promise<void> | null = null;
  private cut = false;
  private leftActive = false;
  private broken = false;
  private readonly giveBack: () => Promise<void>;

  constructor(
    private readonly runner: QueryRunner,
    private readonly connection: RawConnection,
    private readonly settings: SessionSettings,
    private readonly clock: Clock,
    private readonly isConnectionLost: (error: unknown) => boolean,
    /** What the handler's transaction has to leave behind. */
    private readonly entered: EnteredRows,
    /** Called when the connection no longer belongs to this session. */
    private readonly ended: () => void = () => {},
  ) {
    const release = runner.release.bind(runner);
    this.giveBack = () => {
      mark(runner, { isReleased: false });
      return release();
    };
    runner.release = () => (this.end ??= this.returnConnection().finally(this.ended));
  }

  /** To be called first thing in the transaction. */
  async begin(): Promise<void> {
    if (this.settings.apply !== null) await this.runner.query(this.settings.apply);
  }

  /** Whether the handler was cut off. */
  get severed(): boolean {
    return this.cut;
  }

  /** Whether the connection turned out to be gone when a transaction that was still open was to be rolled back. */
  get lost(): boolean {
    return this.broken;
  }

  /** Whether TypeORM released the query runner with its transaction still open, which therefore did not commit. */
  get leftOpen(): boolean {
    return this.leftActive;
  }

  /** Cuts the handler off, at once. */
  sever(): void {
    this.cut = true;
    void this.abandon();
  }

  /** Rolls back. Resolves when that is done and the handler can no longer use the connection; never rejects. */
  abandon(): Promise<void> {
    return (this.end ??= this.rollBack().finally(this.ended));
  }

  private async returnConnection(): Promise<void> {
    this.entered.end();
    this.leftActive = this.runner.isTransactionActive;
    if (this.leftActive) {
      // COMMIT never reached the server if TypeORM knew of the connection's end before; it says "released" then.
      await this.succeeds('ROLLBACK');
      this.connection.destroy(new Error('the transaction of a delivery did not end'));
      mark(this.runner, { isTransactionActive: false });
      return this.announce();
    }
    try {
      if (this.settings.restore !== null) await this.runner.query(this.settings.restore);
    } catch (error) {
      return this.connection.destroy(error as Error);
    }
    await this.giveBack();
  }

  private async rollBack(): Promise<void> {
    this.entered.end();
    mark(this.runner, { isReleased: true });
    if (this.cut) this.interrupt();
    const chained = await this.succeeds('ROLLBACK AND CHAIN');
    const reusable = chained && !this.cut && (await this.succeeds('ROLLBACK')) && (await this.restored());
    mark(this.runner, { isTransactionActive: false });
    if (!chained) this.interrupt();
    if (reusable && !this.cut) await this.giveBack();
    else this.connection.destroy(new Error('the handler of a delivery was cut off, or its rollback failed'));
    await this.announce();
  }

  private interrupt(): void {
    if (this.broken || !this.connection.isBusy) return;
    const limit = new AbortController();
    const disarm = this.clock.schedule(INTERRUPT_LIMIT_MS, () => limit.abort());
    void this.connection.interrupt(limit.signal).finally(disarm);
  }

  private async restored(): Promise<boolean> {
    return this.settings.restore === null || this.succeeds(this.settings.restore);
  }

  /** Whether the statement succeeded in time. */
  private succeeds(sql: string): Promise<boolean> {
    return new Promise((resolve) => {
      const disarm = this.clock.schedule(ROLLBACK_LIMIT_MS, () => resolve(false));
      const finish = (succeeded: boolean): void => {
        disarm();
        resolve(succeeded);
      };
      this.connection.execute(sql).then(
        () => finish(true),
        (error: unknown) => {
          if (this.isConnectionLost(error)) this.broken = true;
          finish(false);
        },
      );
    });
  }

  /** TypeORM did not see this rollback, but its subscribers shall. */
  private async announce(): Promise<void> {
    try {
      await this.runner.broadcaster.broadcast('AfterTransactionRollback');
    } catch {
      // A subscriber's own failure: the transaction is over either way.
    }
  }
}
