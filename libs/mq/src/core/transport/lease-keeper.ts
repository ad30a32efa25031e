import type { Clock } from '../runtime/clock.js';
import { Wakeable } from '../runtime/wakeable.js';
import type { Delivery, MessageSource } from './transport.js';

/** Pause before an extension that failed is tried again. */
const RETRY_MS = 1_000;

/**
 * Prolongs the lease of one delivery, while its handler runs or it waits for one, each time half of it has gone by.
 *
 * States: *keeping*; *lost* (the broker said so, or the lease ended while extensions failed: `onLost` was called, once);
 * *stopped*. An extension may give the delivery a new handle, so whoever settles it asks `stop()` for the current one.
 */
export class LeaseKeeper {
  private state: 'keeping' | 'lost' | 'stopped' = 'keeping';
  private extending = false;
  private readonly sleeper: Wakeable;
  private readonly loop: Promise<void>;

  constructor(
    private readonly source: Pick<MessageSource, 'extend'>,
    private readonly clock: Clock,
    private readonly leaseMs: number,
    private delivery: Delivery,
    private readonly onLost: () => void,
    private readonly hangUp: AbortSignal,
    /** Told when an extension has ended, however. */
    private readonly onExtended: () => void = () => undefined,
  ) {
    this.sleeper = new Wakeable(clock);
    this.loop = this.keep();
  }

  get isLost(): boolean {
    return this.state === 'lost';
  }

  /** Whether the handle that counts is in an answer that has not come yet. */
  get isExtending(): boolean {
    return this.extending;
  }

  /** With the handle that counts, unless it {@link isExtending}. */
  get current(): Delivery {
    return this.delivery;
  }

  /** Ends the keeping; an extension under way is waited for, because its answer carries the handle that counts. */
  async stop(): Promise<Delivery> {
    if (this.state === 'keeping') this.state = 'stopped';
    this.sleeper.wake();
    await this.loop;
    return this.delivery;
  }

  private async keep(): Promise<void> {
    while (this.state === 'keeping') {
      await this.sleeper.sleep(Math.max(0, this.remaining()) / 2);
      while (this.state === 'keeping' && !(await this.extend())) {
        if (this.remaining() <= RETRY_MS) this.lose();
        else await this.sleeper.sleep(RETRY_MS);
      }
    }
  }

  private remaining(): number {
    return this.delivery.leaseEndsAt - this.clock.monotonic();
  }

  /** `false` when the broker gave no answer. */
  private async extend(): Promise<boolean> {
    this.extending = true;
    try {
      // Not under the stop signal: an extension that the broker has carried out must not look like none.
      const extended = await this.source.extend!(this.delivery, this.leaseMs, this.hangUp);
      if (extended === null) this.lose();
      else this.delivery = extended;
      return true;
    } catch {
      return false;
    } finally {
      this.extending = false;
      this.onExtended();
    }
  }

  private lose(): void {
    if (this.state !== 'keeping') return;
    this.state = 'lost';
    this.onLost();
  }
}
