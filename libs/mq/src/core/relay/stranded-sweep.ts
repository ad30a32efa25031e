import { between } from '../retry/backoff.js';
import type { RelayContext } from './relay-context.js';
import { Rounds } from './rounds.js';

/** What a lost wake-up costs at most, if there are not more keys than one round looks at. */
const BETWEEN_ROUNDS_MS = 60_000;
const KEYS_AT_ONCE = 1_000;
const KEYS_A_ROUND = 20_000;

/**
 * Wakes rows that sleep although nothing goes before them: the process that sent the message before them ended between its
 * mark and the promotion that follows it. Every instance may look; waking a row twice changes nothing.
 *
 * A round costs a probe for each ordering key that has unfinished messages, 7 µs. A round that did not get to the last key
 * is continued by the next.
 */
export class StrandedSweep extends Rounds {
  private after = '';

  constructor(context: RelayContext) {
    super(context, 'wake');
  }

  protected async round(signal: AbortSignal): Promise<void> {
    for (let keys = 0; keys < KEYS_A_ROUND && !signal.aborted; keys += KEYS_AT_ONCE) {
      const last = await this.context.store.wakeStranded(this.after, KEYS_AT_ONCE);
      this.after = last ?? '';
      if (last === null) return;
    }
  }

  protected pauseMs(): number {
    return between(BETWEEN_ROUNDS_MS * 0.5, BETWEEN_ROUNDS_MS * 1.5, this.context.random);
  }
}
