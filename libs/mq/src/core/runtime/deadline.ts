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
  covers(work: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.clock.schedule(this.remainingMs, () => resolve(false), true);
      const ended = (): void => {
        cancel();
        resolve(true);
      };
      work.then(ended, ended);
    });
  }

  /** Runs `task` then, at once if that is past. The returned function forgets it. */
  onReached(task: () => void): () => void {
    return this.clock.schedule(this.remainingMs, task);
  }
}
