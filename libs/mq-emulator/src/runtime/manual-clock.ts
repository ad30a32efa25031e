import type { Clock } from './clock.js';

interface Timer {
  at: number;
  callback: () => void;
}

/**
 * A clock that stands still until a test moves it.
 *
 * @example
 * const clock = new ManualClock();
 * const emulator = await startEmulator({ clock });
 * clock.advance(300_000); // what was delivered and not acked is ready again
 */
export class ManualClock implements Clock {
  private readonly timers = new Set<Timer>();

  /** @param time where it stands, epoch milliseconds; the present by default */
  constructor(private time = Date.now()) {}

  now(): number {
    return this.time;
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const timer = { at: this.time + Math.max(0, ms), callback };
    this.timers.add(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    this.timers.delete(handle as Timer);
  }

  /** Moves the clock and fires, in their order, the timers that fall due on the way. */
  advance(ms: number): void {
    const target = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.at <= target).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers.delete(due);
      this.time = Math.max(this.time, due.at);
      due.callback();
    }
    this.time = target;
  }
}
