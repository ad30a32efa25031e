import type { Clock } from '../runtime/clock.js';
import { Door } from './door.js';
import { HeldDeliveries } from './held-deliveries.js';
import { Slots } from './slots.js';

/** What the poll loops of one group share: its places, its deliveries that wait for another attempt, its pause. */
export class GroupState {
  readonly slots: Slots;
  readonly held: HeldDeliveries;
  /** Closed while somebody has paused the group. */
  readonly pause = new Door();

  constructor(concurrency: number, clock: Clock) {
    this.slots = new Slots(concurrency);
    this.held = new HeldDeliveries(clock);
  }
}
