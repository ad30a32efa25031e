import { between, doubled } from '../retry/backoff.js';
import type { PruneTarget } from '../store/outbox-store.js';
import type { RelayContext } from './relay-context.js';
import { Rounds } from './rounds.js';

/** How many rows were deleted: finished ones of the outbox, inbox rows, error rows. */
export type Pruned = Readonly<Record<PruneTarget, number>>;

/** Small enough that nobody waits for its locks; deletes go by primary key. */
const BATCH = 500;
const BETWEEN_BATCHES_MS = 100;
const BETWEEN_ROUNDS_MS = 5 * 60_000;
/** Where nothing grows old there is nothing to look for: a round is 20 statements. */
const BETWEEN_ROUNDS_MAX_MS = 40 * 60_000;

/**
 * Deletes what its retention has ended for, in small batches with pauses, every five minutes or so, and less often while
 * there is nothing to delete. Every instance may do so at once: rows that another one deletes are skipped. What is not
 * finished, and what is parked and not resolved, is never deleted.
 */
export class Pruner extends Rounds {
  private emptyRounds = 0;

  constructor(context: RelayContext) {
    super(context, 'prune');
  }

  /** One round over all tables, also by hand and in processes that do not prune by themselves. Answers how many rows of each that messages need went. */
  async runOnce(signal?: AbortSignal): Promise<Pruned> {
    const { options, alsoPrune = [] } = this.context;
    const { retention } = options;
    const deleted = {
      sent: await this.prune('sent', retention.sentMs, signal),
      inbox: await this.prune('inbox', retention.inboxMs, signal),
      errors: await this.prune('errors', retention.errorsMs, signal),
    };
    for (const prune of alsoPrune) if (!signal?.aborted) await prune();
    return deleted;
  }

  protected async round(signal: AbortSignal): Promise<void> {
    const { sent, inbox, errors } = await this.runOnce(signal);
    this.emptyRounds = sent + inbox + errors > 0 ? 0 : this.emptyRounds + 1;
  }

  protected pauseMs(): number {
    const ms = doubled(this.emptyRounds + 1, BETWEEN_ROUNDS_MS, BETWEEN_ROUNDS_MAX_MS);
    return between(ms * 0.5, ms * 1.5, this.context.random);
  }

  private async prune(table: PruneTarget, olderThanMs: number | null, signal?: AbortSignal): Promise<number> {
    let deleted = 0;
    if (olderThanMs === null) return deleted;
    const { store, clock, events } = this.context;
    for (;;) {
      if (signal?.aborted) return deleted;
      const startedAt = clock.monotonic();
      const count = await store.prune(table, olderThanMs, BATCH);
      const durationMs = Math.round(clock.monotonic() - startedAt);
      deleted += count;
      if (count > 0) events.emit('rows.pruned', { table, count, durationMs });
      if (count < BATCH) return deleted;
      await clock.sleep(BETWEEN_BATCHES_MS, signal);
    }
  }
}
