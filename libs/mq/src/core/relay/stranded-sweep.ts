import type { MqEvents } from '../events/event-bus.js';
import { reportDatabaseFailure } from '../events/report-database-failure.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { OutboxStore } from '../store/outbox-store.js';

/** What a lost wake-up costs at most, if there are not more keys than one round looks at. */
const BETWEEN_ROUNDS_MS = 60_000;
const KEYS_AT_ONCE = 1_000;
const KEYS_A_ROUND = 20_000;

/**
 * Finds rows that sleep behind nothing: whoever sent the message before them ended between its mark and the promotion
 * that follows it. Every instance may look; waking a row twice changes nothing.
 *
 * A round costs a probe for each ordering key that has unfinished messages, 7 µs. A round that did not get to the last key
 * is continued by the next.
 */
export class StrandedSweep {
  private stopping: AbortController | null = null;
  private loop: Promise<void> = Promise.resolve();
  private after = '';

  constructor(
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

  async runOnce(signal?: AbortSignal): Promise<void> {
    for (let keys = 0; keys < KEYS_A_ROUND && !signal?.aborted; keys += KEYS_AT_ONCE) {
      const last = await this.store.wakeStranded(this.after, KEYS_AT_ONCE);
      this.after = last ?? '';
      if (last === null) return;
    }
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.clock.sleep(BETWEEN_ROUNDS_MS * (0.5 + this.random()), signal);
      if (signal.aborted) return;
      try {
        await this.runOnce(signal);
      } catch (error) {
        reportDatabaseFailure(this.events, 'wake', error);
      }
    }
  }
}
