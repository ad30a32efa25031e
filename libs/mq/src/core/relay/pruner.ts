import type { ResolvedOptions } from '../config/resolved-options.js';
import type { MqEvents } from '../events/event-bus.js';
import { reportDatabaseFailure } from '../events/report-database-failure.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { OutboxStore, PruneTarget } from '../store/outbox-store.js';

/** Small enough that nobody waits for its locks; deletes go by primary key. */
const BATCH = 500;
const BETWEEN_BATCHES_MS = 100;
const BETWEEN_ROUNDS_MS = 5 * 60_000;

/**
 * Deletes what its retention has ended for, in small batches with pauses, every five minutes or so. Every instance may
 * do so at once: rows that another one deletes are skipped. What is not finished, and what is parked and not
 * resolved, is never deleted.
 */
export class Pruner {
  private stopping: AbortController | null = null;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly retention: ResolvedOptions['retention'],
    private readonly store: OutboxStore<never>,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly events: MqEvents,
  ) {}

  start(): void {
    if (this.stopping) return;
    this.stopping = new AbortController();
    const { signal } = this.stopping;
    // An earlier one may still wait for the database.
    this.loop = this.loop.then(() => this.run(signal));
  }

  stop(): Promise<void> {
    this.stopping?.abort();
    this.stopping = null;
    return this.loop;
  }

  /** One round over all three tables. */
  async runOnce(signal?: AbortSignal): Promise<void> {
    await this.prune('sent', this.retention.sentMs, signal);
    await this.prune('inbox', this.retention.inboxMs, signal);
    await this.prune('errors', this.retention.errorsMs, signal);
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // A rest first: a process that starts has more urgent work, and many start together.
      await this.clock.sleep(BETWEEN_ROUNDS_MS * (0.5 + this.random()), signal);
      if (signal.aborted) return;
      try {
        await this.runOnce(signal);
      } catch (error) {
        reportDatabaseFailure(this.events, 'prune', error);
      }
    }
  }

  private async prune(table: PruneTarget, olderThanMs: number | null, signal?: AbortSignal): Promise<void> {
    if (olderThanMs === null) return;
    for (;;) {
      if (signal?.aborted) return;
      const count = await this.store.prune(table, olderThanMs, BATCH);
      if (count > 0) this.events.emit('rows.pruned', { table, count });
      if (count < BATCH) return;
      await this.clock.sleep(BETWEEN_BATCHES_MS, signal);
    }
  }
}
