import type { MqEvents } from '../../events/event-bus.js';
import type { GroupRef } from '../../events/event-map.js';
import type { Clock } from '../../runtime/clock.js';

/** Time for a handler that was cut off to notice its signal. */
const GRACE_MS = 1_000;

/**
 * Counts handlers that were cut off and still run. They hold no connection and no slot any more, but memory, and whatever
 * they wait for; nothing in a process can end them, so after a while health asks for a restart.
 */
export class StuckHandlers {
  /** When each was cut off, on the monotonic clock. */
  private readonly running = new Map<symbol, number>();

  constructor(
    private readonly clock: Clock,
    private readonly events: MqEvents,
  ) {}

  get count(): number {
    return this.running.size;
  }

  /** How long ago the first of them was cut off, in milliseconds. */
  get longestMs(): number {
    const [first] = this.running.values();
    return first === undefined ? 0 : this.clock.monotonic() - first;
  }

  /** Watches a handler that was just cut off. */
  watch(handler: Promise<unknown>, ref: GroupRef & { messageId: string }): void {
    const mark = Symbol(ref.messageId);
    const cutAt = this.clock.monotonic();
    const cancel = this.clock.schedule(GRACE_MS, () => {
      this.running.set(mark, cutAt);
      this.events.emit('handler.stuck', ref);
    });
    const ended = (): void => {
      cancel();
      if (this.running.delete(mark)) this.events.emit('handler.unstuck', ref);
    };
    handler.then(ended, ended);
  }
}
