import type { Clock } from '../../runtime/clock.js';
import { Latch } from '../../runtime/latch.js';
import { HeldDeliveries } from './held-deliveries.js';
import { Semaphore } from '../../runtime/semaphore.js';
import { SlotPace } from './slot-pace.js';

/** Who has paused a group: the application, in this process, or somebody for all processes. */
export type PauseHolder = 'here' | 'everywhere';

/** State that the poll loops of one group share: its slots, its deliveries that wait for another attempt, its pause. */
export class GroupState {
  readonly slots: Semaphore;
  readonly pace = new SlotPace();
  /** Whether messages may be fetched that have to wait for a slot. */
  mayPrefetch = true;
  readonly held: HeldDeliveries;
  /** Held while anybody has paused the group. */
  readonly pause = new Latch();
  private readonly pausedBy = new Set<PauseHolder>();

  constructor(concurrency: number, clock: Clock) {
    this.slots = new Semaphore(concurrency);
    this.held = new HeldDeliveries(clock);
  }

  pauseFor(holder: PauseHolder): void {
    this.pausedBy.add(holder);
    this.pause.hold();
  }

  resumeFor(holder: PauseHolder): void {
    this.pausedBy.delete(holder);
    if (this.pausedBy.size === 0) this.pause.release();
  }
}
