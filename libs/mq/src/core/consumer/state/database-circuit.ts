import type { MqEvents } from '../../events/event-bus.js';
import { reportDatabaseFailure } from '../../events/report-database-failure.js';
import { jitterAbove } from '../../retry/backoff.js';
import type { Clock } from '../../runtime/clock.js';
import { Latch } from '../../runtime/latch.js';
import type { Random } from '../../runtime/random.js';

const BASE_MS = 500;
const CAP_MS = 30_000;
/** As events name its probe. */
const LOOP = 'consumer:database';

/**
 * Circuit breaker between the poll loops and the database. It keeps polls from fetching what the database cannot take:
 * each fetched delivery would use up one of the broker's deliveries, and on brokers without a nack hide the message until
 * its lease ends.
 *
 * States:
 *
 * - *closed*: the database works, every loop polls. → *open* on a failure.
 * - *open*: the database is broken, nobody polls. After a backoff a probe asks the database, again and again until it
 *   answers. → *half-open* when it does. A further failure is ignored: it began before the circuit opened.
 * - *half-open*: each loop fetches one message and waits for what becomes of it, because a database that reads may still
 *   refuse to write. → *closed* when a delivery has entered the inbox; → *open* on a failure.
 *
 * No failure that is reported here counts against a message.
 */
export class DatabaseCircuit {
  private state: 'closed' | 'open' | 'half-open' = 'closed';
  /** Held while the circuit is open. */
  private readonly outage = new Latch();
  /** Held while the circuit is half-open. */
  private readonly trial = new Latch();
  /** Times that it opened since it was last closed. */
  private openings = 0;
  /** When it was opened from closed or half-open, on the monotonic clock. */
  private openedAt = 0;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly events: MqEvents,
    private readonly stopped: AbortSignal,
    /** A query that concerns no message: one message that the database refuses must not keep the circuit open. */
    private readonly probe: () => Promise<unknown>,
  ) {}

  /**
   * Calls `listener` each time the circuit opens: polls under way must end then, or they bring what nobody can handle.
   * Returns the function that removes the listener.
   */
  onOpened(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get isHalfOpen(): boolean {
    return this.state === 'half-open';
  }

  /** Resolves when the circuit is closed or half-open, and when `signal` aborts. */
  whenNotOpen(signal: AbortSignal): Promise<void> {
    return this.outage.whenReleased(signal);
  }

  /** Resolves when the circuit is closed or open, and when `signal` aborts. */
  whenNotHalfOpen(signal: AbortSignal): Promise<void> {
    return this.trial.whenReleased(signal);
  }

  /** A delivery has entered the inbox. */
  succeeded(): void {
    if (this.state === 'open') return;
    this.state = 'closed';
    this.openings = 0;
    this.trial.release();
  }

  /** The database failed before a handler had started. */
  failed(error: unknown): void {
    if (this.state === 'open') return;
    this.state = 'open';
    this.openings++;
    this.openedAt = this.clock.monotonic();
    this.outage.hold();
    this.trial.release();
    for (const listener of this.listeners) listener();
    this.report(error);
    void this.probeUntilAnswered();
  }

  private async probeUntilAnswered(): Promise<void> {
    for (let tries = this.openings; !this.stopped.aborted; tries++) {
      await this.clock.sleep(jitterAbove(tries, BASE_MS, CAP_MS, this.random), this.stopped);
      if (this.stopped.aborted) break;
      try {
        await this.probe();
        break;
      } catch (error) {
        this.report(error);
      }
    }
    this.state = 'half-open';
    this.trial.hold();
    this.outage.release();
    const failedMs = Math.round(this.clock.monotonic() - this.openedAt);
    this.events.emit('loop.recovered', { loop: LOOP, failedMs });
  }

  private report(error: unknown): void {
    reportDatabaseFailure(this.events, LOOP, error);
  }
}
