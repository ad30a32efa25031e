import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../core/runtime/clock.js';

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** Turns of the event loop that are given to what a timer has set off. */
const TURNS = 5;

/**
 * A clock that stands still until the test moves it.
 *
 * @example
 * const clock = new ManualClock();
 * const transport = memoryTransport({ clock });
 * await clock.advance(30_000); // everything that was due within these 30 seconds has run, in order
 */
export class ManualClock implements Clock {
  private elapsed = 0;
  private readonly timers = new Set<Timer>();

  /** @param start what `now()` says at first, in epoch milliseconds */
  constructor(private readonly start = Date.UTC(2030, 0, 1)) {}

  now(): number {
    return this.start + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  schedule(ms: number, task: () => void): () => void {
    const timer: Timer = { at: this.elapsed + Math.max(0, ms), task };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.schedule(ms, done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  /** Moves the time, stopping at each timer on the way, so that what it sets off sees the time it was due. */
  async advance(ms: number): Promise<void> {
    const target = this.elapsed + ms;
    await this.whenIdle();
    for (let next = this.next(target); next; next = this.next(target)) {
      this.timers.delete(next);
      this.elapsed = Math.max(this.elapsed, next.at);
      next.task();
      await this.whenIdle();
    }
    this.elapsed = target;
  }

  /** Lets everything run that can run without the time moving on. */
  async whenIdle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await setImmediate();
  }

  private next(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) if (timer.at <= until && (!first || timer.at < first.at)) first = timer;
    return first;
  }
}
