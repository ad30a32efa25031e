import type { MqEvents } from '../../core/events/event-bus.js';
import { ManualClock } from '../manual-clock.js';

/** {@link ManualClock} that lets a connection come to rest before it moves on: as long as anything happens, more may follow. */
export class TestClock extends ManualClock {
  private happened = 0;

  follow(events: MqEvents): void {
    events.onAny(() => this.happened++);
  }

  override async whenIdle(): Promise<void> {
    let before: number;
    do {
      before = this.happened;
      await super.whenIdle();
    } while (this.happened !== before);
  }
}
