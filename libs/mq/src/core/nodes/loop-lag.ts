import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** Coarse, because each step wakes the process; what holds up messages is longer. */
const RESOLUTION_MS = 50;

/** Measures how long the event loop was held up. */
export class LoopLag {
  private histogram: IntervalHistogram | null = null;

  start(): void {
    this.histogram ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.histogram.enable();
  }

  stop(): void {
    this.histogram?.disable();
  }

  /** The longest since this was asked before, in milliseconds. */
  takeMs(): number {
    if (!this.histogram || this.histogram.count === 0) return 0;
    const longest = this.histogram.max / 1e6;
    this.histogram.reset();
    return Math.max(0, longest - RESOLUTION_MS);
  }
}
