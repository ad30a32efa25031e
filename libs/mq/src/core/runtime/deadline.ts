import type { Clock } from './clock.js';

/**
 * Moment on the monotonic clock by which several waits must be over, however many there are: what one of them uses up,
 * the next ones do not have. It is made once, where the time is granted, and handed down to everything that waits.
 */
export class Deadline {
  static in(clock: Clock, ms: number): Deadline {
    return new Deadline(clock, clock.monotonic() + ms);
  }

  private constructor(
    private readonly clock: Clock,
    private readonly at: number,
  ) {}

  /** Never below 0. */
  get remainingMs(): number {
    return Math.max(0, this.at - this.clock.monotonic());
  }

  /** The moment `ms` after this one. */
  plus(ms: number): Deadline {
    return new Deadline(this.clock, this.at + ms);
  }

  /** Waits for `work`, but not longer than until then. Answers whether it has ended, in whatever way. Never rejects. */
  async covers(work: Promise<unknown>): Promise<boolean> {
    const over = new AbortController();
    const ended = work.then(
      () => true,
      () => true,
    );
    const late = this.clock.sleep(this.remainingMs, over.signal).then(() => false);
    const inTime = await Promise.race([ended, late]);
    over.abort();
    return inTime;
  }

  /** Runs `task` then, at once if that is past. The returned function forgets it. */
  onReached(task: () => void): () => void {
    return this.clock.schedule(this.remainingMs, task);
  }
}
