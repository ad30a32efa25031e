import type { Clock } from './clock.js';

/**
 * Interruptible sleep. A `wake` while nobody sleeps is remembered and ends the next sleep at once, so a hint between
 * "nothing to do" and "go to sleep" is not lost.
 */
export class Wakeable {
  private woken = false;
  private sleeping: AbortController | null = null;

  constructor(private readonly clock: Clock) {}

  wake(): void {
    this.woken = true;
    this.sleeping?.abort();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.woken && ms > 0) {
      this.sleeping = new AbortController();
      await this.clock.sleep(ms, this.sleeping.signal);
      this.sleeping = null;
    }
    this.woken = false;
  }
}
