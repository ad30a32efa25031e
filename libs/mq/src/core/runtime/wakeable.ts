import type { Clock } from './clock.js';

/**
 * A sleep that others can end. A `wake` that comes while nobody sleeps is remembered for the next sleep, so a hint
 * between "nothing to do" and "go to sleep" is not lost.
 */
export class Wakeable {
  private woken = false;
  private alarm: AbortController | null = null;

  constructor(private readonly clock: Clock) {}

  wake(): void {
    this.woken = true;
    this.alarm?.abort();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.woken && ms > 0) {
      this.alarm = new AbortController();
      await this.clock.sleep(ms, this.alarm.signal);
      this.alarm = null;
    }
    this.woken = false;
  }
}
