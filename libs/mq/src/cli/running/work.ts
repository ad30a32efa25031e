import type { MqEvents } from '../../core/events/event-bus.js';
import type { Clock } from '../../core/runtime/clock.js';

/** What a process that runs has done so far, over all of its connections. */
export interface WorkCounts {
  /** Deliveries whose handler returned, whose attempt failed, and that were parked. */
  handled: number;
  failed: number;
  parked: number;
  /** Messages that the broker took, that come again, and that were given up. */
  sent: number;
  rescheduled: number;
  dead: number;
}

/** Counts by events what a process does, and tells when it last did something. */
export class Work {
  readonly counts: WorkCounts = { handled: 0, failed: 0, parked: 0, sent: 0, rescheduled: 0, dead: 0 };
  lastAt: number;

  /** @param onDelivery called after each delivery that counts, with how many there were */
  constructor(
    private readonly clock: Clock,
    private readonly onDelivery: (deliveries: number) => void,
  ) {
    this.lastAt = clock.monotonic();
  }

  /** Deliveries that came to an end: handled, parked, or failed and left for another attempt. */
  get deliveries(): number {
    return this.counts.handled + this.counts.failed + this.counts.parked;
  }

  listen(events: MqEvents): void {
    events.on('delivery.handled', () => this.delivered('handled'));
    // Done with, and counted like that in the inbox.
    events.on('delivery.discarded', () => this.delivered('handled'));
    events.on('delivery.failed', () => this.delivered('failed'));
    events.on('delivery.parked', () => this.delivered('parked'));
    events.on('message.sent', () => this.did('sent'));
    events.on('message.rescheduled', () => this.did('rescheduled'));
    events.on('message.parked', () => this.did('dead'));
    // Neither is work that anybody ordered, but the queue was not empty.
    events.on('delivery.duplicate', () => this.note());
    events.on('delivery.skipped', () => this.note());
  }

  private delivered(what: keyof WorkCounts): void {
    this.did(what);
    this.onDelivery(this.deliveries);
  }

  private did(what: keyof WorkCounts): void {
    this.counts[what]++;
    this.note();
  }

  private note(): void {
    this.lastAt = this.clock.monotonic();
  }
}
