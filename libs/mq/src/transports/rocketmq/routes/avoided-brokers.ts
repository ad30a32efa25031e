import type { Clock } from '../../../core/runtime/clock.js';

/** For how long. Then one message tries again: it waits a second if the broker still takes none. */
const AVOIDED_MS = 10_000;

/**
 * Brokers that took no message lately. Messages that may go to any broker go around them.
 *
 * Not the same as servers that failed: several brokers may stand behind one proxy, which works.
 */
export class AvoidedBrokers {
  private readonly until = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  add(broker: string): void {
    this.until.set(broker, this.clock.monotonic() + AVOIDED_MS);
  }

  remove(broker: string): void {
    this.until.delete(broker);
  }

  /** Answers `false` once when the time is over: whoever asked tries the broker, and the others go on around it. */
  has(broker: string): boolean {
    const until = this.until.get(broker);
    if (until === undefined || this.clock.monotonic() < until) return until !== undefined;
    this.add(broker);
    return false;
  }
}
