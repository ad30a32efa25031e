import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../../core/runtime/clock.js';

const RESOLUTION_MS = 20;

/**
 * The longest time that the event loop was held up since the window began, at most one window and one scrape ago. The
 * longest and not a percentile of samples: while the loop is held up no sample is taken, so two seconds are one of them.
 */
export class EventLoopLag {
  private readonly histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private windowBegan = 0;

  constructor(
    private readonly clock: Clock,
    private readonly windowMs: number,
  ) {}

  start(): void {
    this.windowBegan = this.clock.monotonic();
    this.histogram.enable();
  }

  stop(): void {
    this.histogram.disable();
  }

  seconds(): number {
    const { histogram, clock } = this;
    // Each sample includes the pause of the timer that takes it.
    const seconds = histogram.count === 0 ? 0 : Math.max(0, histogram.max / 1e9 - RESOLUTION_MS / 1e3);
    if (clock.monotonic() - this.windowBegan >= this.windowMs) {
      histogram.reset();
      this.windowBegan = clock.monotonic();
    }
    return seconds;
  }
}
