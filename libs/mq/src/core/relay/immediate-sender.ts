import { setImmediate as nextTurn } from 'node:timers/promises';
import { reportDatabaseFailure } from '../events/report-database-failure.js';
import { Coalescer } from '../runtime/coalescer.js';
import { Wakeable } from '../runtime/wakeable.js';
import type { InsertedRow, LeaseRef } from '../store/outbox-row.js';
import type { BatchSender } from './batch-sender.js';
import type { RelayContext } from './relay-context.js';
import type { SendResult } from './send-result.js';

/** References that wait for their turn. A dropped reference costs latency, never a message. */
const QUEUE_LIMIT = 10_000;
const CONFIRM_AT_ONCE = 500;
const GIVE_BACK_AT_ONCE = 1_000;
/** Rows whose sends are under way at once; above it, what commits waits in the queue. */
const BUSY_LIMIT = 1_000;
const FOREVER_MS = 2_147_483_647;

/** Rows of one `publish()`, as they were inserted; what only the database knows (`seq`, `deliverAt`) is filled in by the confirm read. */
interface Announced {
  readonly rows: readonly InsertedRow[];
  readonly deadline: number;
  /** A commit was reported, and no savepoint of it was rolled back: then every row should be there. */
  readonly isWhole: boolean;
  /** The commit is proven, and nothing of its rows is known to the database alone: they need not be read back. */
  readonly isProven: boolean;
  /**
   * Called once for each row. `null`: the row is not there, the database had rolled it back. By id: what waits for a dropped
   * reference to be given back must not keep its payload.
   */
  readonly onResult: (id: string, result: SendResult | null) => void;
}

/**
 * Sends rows right after the commit that made them visible, detached from the caller.
 *
 * The announcement of a commit is a hint: a database that aborted the transaction rolls back on COMMIT, and the caller's
 * driver reports success. So unless the driver's own words prove it, the rows are read back under their tokens first, one statement for
 * all commits of that moment, and only what is there is sent. The read costs 0.4 ms, and a good part of the database's work for a message.
 *
 * States: *idle* (sleeps until an announcement), *confirming* (what is not proven), *sending* (any number of batches side by side),
 * *stopped* (announcements are given back at once). An announcement only puts a reference into the queue: the loop was
 * started at boot, outside of any caller's async context, where a finished transaction may still look like the current one.
 */
export class ImmediateSender {
  private queue: Announced[] = [];
  private queued = 0;
  private busy = 0;
  private stopped = false;
  private readonly sleeper: Wakeable;
  private loop: Promise<void> | null = null;
  private readonly sending = new Set<Promise<unknown>>();
  /** One statement for all that was dropped while the one before it ran: 2,000 publishes were 2,000 transactions. */
  private readonly returns: Coalescer<LeaseRef, boolean>;

  /** @param onGivenBack what was dropped is due now, and somebody should look */
  constructor(
    private readonly context: RelayContext,
    private readonly batches: BatchSender,
    private readonly onGivenBack: () => void,
  ) {
    const { clock, store } = context;
    this.sleeper = new Wakeable(clock);
    this.returns = new Coalescer(
      (refs) => store.reschedule(refs.map((ref) => ({ ...ref, delayMs: 0, counted: false, error: null }))),
      GIVE_BACK_AT_ONCE,
    );
  }

  /** To be called at boot, and not from within a transaction. */
  start(): void {
    this.stopped = false;
    this.loop ??= this.run();
  }

  announce(batch: Announced): void {
    if (this.stopped || this.loop === null || this.queued >= QUEUE_LIMIT || !this.context.budget.tryHold(batch.rows)) {
      this.dropLater(batch);
      return;
    }
    this.queue.push(batch);
    this.queued += batch.rows.length;
    this.sleeper.wake();
  }

  /** Stops taking announcements, gives the leases of what waits back in bulk, and waits for what is being sent; not for keys that go on. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.sleeper.wake();
    await this.loop;
    this.loop = null;
    for (const batch of this.takeAll()) {
      this.context.budget.free(batch.rows);
      this.dropLater(batch);
    }
    while (this.sending.size > 0) await Promise.all(this.sending);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      if (this.queue.length === 0 || this.busy >= BUSY_LIMIT) {
        await this.sleeper.sleep(FOREVER_MS);
        continue;
      }
      // Whoever commits goes on first, and commits of one turn are sent side by side; also those of a process that stops in it: what its
      // last handlers have published leaves with them.
      await nextTurn();
      const [proven, others] = this.inTime(this.take());
      for (const batch of proven) this.launch(batch, batch.rows);
      if (others.length > 0) await this.confirm(others);
    }
  }

  /** A transaction was longer than the lease: the relay has the row, or will. */
  private inTime(taken: readonly Announced[]): [proven: Announced[], others: Announced[]] {
    const now = this.context.clock.monotonic();
    const [proven, others]: [Announced[], Announced[]] = [[], []];
    for (const batch of taken) {
      if (now >= batch.deadline) this.leave(batch);
      else (batch.isProven ? proven : others).push(batch);
    }
    return [proven, others];
  }

  private async confirm(batches: readonly Announced[]): Promise<void> {
    let confirmed;
    try {
      confirmed = await this.context.store.confirm(
        batches.flatMap(({ rows }) => rows.map(({ id, leaseToken }) => ({ id, token: leaseToken }))),
      );
    } catch (error) {
      this.failed('confirm', error);
      for (const batch of batches) this.leave(batch);
      return;
    }
    let next = 0;
    let vanished = 0;
    let swallowed = 0;
    for (const batch of batches) {
      const there: InsertedRow[] = [];
      for (const row of batch.rows) {
        const found = confirmed[next++];
        if (found) {
          row.seq = found.seq;
          row.deliverAt = found.deliverAt;
          there.push(row);
        } else {
          vanished++;
          if (batch.isWhole) swallowed++;
          batch.onResult(row.id, null);
        }
      }
      if (there.length > 0) this.launch(batch, there);
      else this.context.budget.free(batch.rows);
    }
    if (vanished > 0) this.context.events.emit('commit.vanished', { count: vanished, swallowed });
  }

  private launch(batch: Announced, rows: readonly InsertedRow[]): void {
    this.busy += rows.length;
    const work: Promise<unknown> = this.batches
      .send(rows, batch.deadline, (row, result) => batch.onResult(row.id, result))
      .catch((error: unknown) => {
        // The head check failed: the leases run out, and the relay takes over.
        this.failed('immediate send', error);
        for (const row of rows) batch.onResult(row.id, { status: 'pending', delayMs: 0 });
      })
      .finally(() => {
        this.context.budget.free(batch.rows);
        this.busy -= rows.length;
        this.sending.delete(work);
        this.sleeper.wake();
      });
    this.sending.add(work);
  }

  private take(): Announced[] {
    const taken: Announced[] = [];
    let rows = 0;
    while (this.queue.length > 0 && rows < CONFIRM_AT_ONCE) {
      const batch = this.queue.shift()!;
      rows += batch.rows.length;
      taken.push(batch);
    }
    this.queued -= rows;
    return taken;
  }

  private takeAll(): Announced[] {
    const all = this.queue;
    this.queue = [];
    this.queued = 0;
    return all;
  }

  /** The end of their leases brings these back. */
  private leave(batch: Announced): void {
    this.context.budget.free(batch.rows);
    for (const { id } of batch.rows) batch.onResult(id, { status: 'pending', delayMs: 0 });
  }

  private dropLater({ rows, onResult }: Announced): void {
    const work = this.giveBack(
      rows.map(({ id, leaseToken }) => ({ id, token: leaseToken })),
      onResult,
    ).finally(() => this.sending.delete(work));
    this.sending.add(work);
  }

  private async giveBack(refs: readonly LeaseRef[], onResult: Announced['onResult']): Promise<void> {
    try {
      await Promise.all(refs.map((ref) => this.returns.add(ref)));
      if (!this.stopped) this.onGivenBack();
    } catch (error) {
      this.failed('give back', error);
    }
    for (const { id } of refs) onResult(id, { status: 'pending', delayMs: 0 });
  }

  private failed(loop: string, error: unknown): void {
    reportDatabaseFailure(this.context.events, loop, error);
  }
}
