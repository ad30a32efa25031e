import type { MqEvents } from '../events/event-bus.js';
import type { GroupRef } from '../events/event-map.js';
import type { Clock } from '../runtime/clock.js';

/** Time for a handler that was cut off to notice its signal. */
const GRACE_MS = 1_000;

/**
 * Counts handlers that were cut off and still run. They hold no connection and no place any more, but memory, and
 * whatever else they hang on; nothing in a process can end them, so health turns red and somebody restarts it.
 */
export class StuckHandlers {
  private readonly running = new Set<symbol>();

  constructor(
    private readonly clock: Clock,
    private readonly events: MqEvents,
  ) {}

  get count(): number {
    return this.running.size;
  }

  /** Watches a handler that was just cut off. */
  watch(handler: Promise<unknown>, ref: GroupRef & { messageId: string }): void {
    const mark = Symbol(ref.messageId);
    const forget = this.clock.schedule(GRACE_MS, () => {
      this.running.add(mark);
      this.events.emit('handler.stuck', ref);
    });
    const ended = (): void => {
      forget();
      if (this.running.delete(mark)) this.events.emit('handler.unstuck', ref);
    };
    handler.then(ended, ended);
  }
}
