import type { MqEvents } from '../events/event-bus.js';
import { reportDatabaseFailure } from '../events/report-database-failure.js';
import { fullJitter } from '../retry/backoff.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import { Door } from './door.js';

const BASE_MS = 500;
const CAP_MS = 30_000;

/**
 * Keeps polls from fetching what the database cannot take: each fetched delivery would burn one of the broker's
 * deliveries, and on brokers without a nack hide the message until its lease ends.
 *
 * States: *open*; *closed* (no polls; after a backoff a probe asks the database, as often as it takes); *trying* (the
 * probe was answered; each loop fetches one message and waits for its fate, because a database that reads may still
 * refuse to write).
 *
 * A failure closes an open gate and one that tries; a closed gate ignores it, it is news from before. A delivery that
 * entered the inbox opens it. No failure that goes through here counts against a message.
 */
export class DatabaseGate {
  private readonly door = new Door();
  private readonly trial = new Door();
  private state: 'open' | 'closed' | 'trying' = 'open';
  private closings = 0;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly events: MqEvents,
    private readonly stopped: AbortSignal,
    /** A question to the database that concerns no message: one that the database refuses must not keep the gate closed. */
    private readonly probe: () => Promise<unknown>,
  ) {}

  /** Polls that are under way when the gate closes must end, or they bring what nobody can handle. Answers what forgets the listener. */
  onClosed(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  get isTrying(): boolean {
    return this.state === 'trying';
  }

  /** Resolves when it is known how the try went, and when `signal` aborts. */
  verdict(signal: AbortSignal): Promise<void> {
    return this.trial.pass(signal);
  }

  pass(signal: AbortSignal): Promise<void> {
    return this.door.pass(signal);
  }

  succeeded(): void {
    if (this.state === 'closed') return;
    this.state = 'open';
    this.closings = 0;
    this.trial.open();
  }

  failed(error: unknown): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.closings++;
    this.door.close();
    this.trial.open();
    for (const listener of this.listeners) listener();
    this.tell(error);
    void this.probeUntilAnswered();
  }

  private async probeUntilAnswered(): Promise<void> {
    for (let tries = this.closings; !this.stopped.aborted; tries++) {
      await this.clock.sleep(BASE_MS + fullJitter(tries, BASE_MS, CAP_MS - BASE_MS, this.random), this.stopped);
      if (this.stopped.aborted) break;
      try {
        await this.probe();
        break;
      } catch (error) {
        this.tell(error);
      }
    }
    this.state = 'trying';
    this.trial.close();
    this.door.open();
  }

  private tell(error: unknown): void {
    reportDatabaseFailure(this.events, 'consumer:database', error);
  }
}
