import type { Clock } from '../../../core/runtime/clock.js';

/** How often it is looked for a dead-letter topic that is not there yet. */
const LOOK_AGAIN_MS = 30_000;

/** Remembers that a topic does not exist, so that a loop that polls it does not ask for it all the time. */
export class AbsentTopic {
  private lookedAt: number | null = null;

  constructor(private readonly clock: Clock) {}

  get isAssumed(): boolean {
    return this.lookedAt !== null && this.clock.monotonic() - this.lookedAt < LOOK_AGAIN_MS;
  }

  note(): void {
    this.lookedAt = this.clock.monotonic();
  }

  forget(): void {
    this.lookedAt = null;
  }
}
