import type { Clock } from '../runtime/clock.js';

// The longest delay that timers hold; what lies further ahead is looked at again then.
export const MAX_TIMER_MS = 2 ** 31 - 1;

interface Waiter<R, T> {
  request: R;
  settle: (result: T | undefined) => void;
}

/**
 * Long polls that wait for one kind of message, first come first served.
 *
 * `wake` is called whenever something may have become available; the queue also wakes itself when the earliest
 * invisibility ends. It owns no timer while nobody waits.
 */
export class PollQueue<R, T> {
  private readonly waiters = new Set<Waiter<R, T>>();
  private timer: unknown;

  /**
   * @param take tries to answer a request now; `undefined` when there is nothing for it
   * @param nextExpiry when something becomes available by itself
   * @param alike whether there is nothing for one request when there is nothing for the other
   */
  constructor(
    private readonly clock: Clock,
    private readonly take: (request: R) => T | undefined,
    private readonly nextExpiry: () => number | undefined,
    private readonly alike: (one: R, other: R) => boolean,
  ) {}

  get waiting(): number {
    return this.waiters.size;
  }

  /** Answers at once if possible, else waits up to `waitMs`; `undefined` when nothing came, or on abort. */
  poll(request: R, waitMs: number, signal: AbortSignal): Promise<T | undefined> {
    // Those who wait were there first, and have been offered all there is.
    const result = this.take(request);
    if (result !== undefined || waitMs <= 0 || signal.aborted) return Promise.resolve(result);
    return new Promise((resolve) => {
      const onAbort = () => waiter.settle(undefined);
      const timeout = this.clock.setTimeout(onAbort, waitMs);
      const waiter: Waiter<R, T> = {
        request,
        settle: (answer) => {
          this.waiters.delete(waiter);
          this.clock.clearTimeout(timeout);
          signal.removeEventListener('abort', onAbort);
          if (this.waiters.size === 0) this.disarm();
          resolve(answer);
        },
      };
      signal.addEventListener('abort', onAbort);
      this.waiters.add(waiter);
      this.arm();
    });
  }

  wake(): void {
    if (this.waiters.size === 0) return;
    let missed: R | undefined;
    for (const waiter of this.waiters) {
      if (missed !== undefined && this.alike(missed, waiter.request)) continue;
      const result = this.take(waiter.request);
      if (result === undefined) missed = waiter.request;
      else waiter.settle(result);
    }
    this.arm();
  }

  private arm(): void {
    this.disarm();
    if (this.waiters.size === 0) return;
    const at = this.nextExpiry();
    if (at === undefined) return;
    const delay = Math.min(Math.max(at - this.clock.now(), 1), MAX_TIMER_MS);
    this.timer = this.clock.setTimeout(() => this.wake(), delay);
  }

  private disarm(): void {
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }
}
