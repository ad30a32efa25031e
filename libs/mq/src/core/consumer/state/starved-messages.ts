import type { MqEvents } from '../../events/event-bus.js';
import type { DeliveryRef, GroupRef, MqEventMap } from '../../events/event-map.js';
import type { Clock } from '../../runtime/clock.js';

type Released = MqEventMap['delivery.released'];

/** Releases from which on a message counts as starved: one is normal, and two may be chance. */
const STARVED_AT = 3;
/** Messages that are remembered; the one that was not seen for the longest time is forgotten first. */
const REMEMBERED = 1_000;
/** The longest lease of a broker that fixes it is 5 minutes, and other instances take their turns. */
const FORGET_MS = 60 * 60_000;
/** This process does not hear whether another one has handled the message meanwhile, so health shows recent ones only. */
const RECENT_MS = 10 * 60_000;

const REASONS: Readonly<Record<Released['reason'], string>> = {
  lease: 'too little of its lease was left to start a handler, or it was lost while one ran',
  contention: 'another transaction holds its inbox row',
  database: 'the database did not take it',
  order: 'an older message of its ordering key failed',
  shutdown: 'the process stopped',
};

interface Starved extends GroupRef {
  readonly messageId: string;
  readonly reason: Released['reason'];
  readonly times: number;
  readonly at: number;
}

/**
 * Reports messages that are delivered again and again and left to the broker each time. No single one of those is an error,
 * so without this report nobody would know of a message that no handler ever gets.
 *
 * It only listens to events: every reason to release a delivery is counted, also one that is added later. Settling the
 * message ends the count.
 */
export class StarvedMessages {
  /** In the order in which they were last seen. */
  private readonly seen = new Map<string, Starved>();

  constructor(
    private readonly clock: Clock,
    private readonly events: MqEvents,
  ) {
    const forget = (event: DeliveryRef): void => void this.seen.delete(keyOf(event));
    events.on('delivery.released', (event) => this.released(event));
    events.on('delivery.handled', forget);
    events.on('delivery.discarded', forget);
    events.on('delivery.failed', forget);
    events.on('delivery.parked', forget);
    events.on('delivery.duplicate', forget);
    events.on('delivery.skipped', forget);
  }

  /** One sentence for each topic and group that has starved messages. */
  problems(): string[] {
    const recent = this.clock.monotonic() - RECENT_MS;
    const groups = new Map<string, { count: number; last: Starved }>();
    for (const message of this.seen.values()) {
      if (message.times < STARVED_AT || message.at < recent) continue;
      const label = `${message.topic}/${message.group}`;
      groups.set(label, { count: (groups.get(label)?.count ?? 0) + 1, last: message });
    }
    return [...groups].map(([label, { count, last }]) => {
      const who = count === 1 ? '1 message was' : `${count} messages were`;
      return `${label}: ${who} delivered ${STARVED_AT} times or more without a verdict; the last, ${last.messageId}, ${last.times} times: ${REASONS[last.reason]}`;
    });
  }

  private released(event: Released): void {
    // Another process takes over.
    if (event.reason === 'shutdown') return;
    const { topic, group, messageId, reason } = event;
    const key = keyOf(event);
    const times = (this.seen.get(key)?.times ?? 0) + 1;
    this.seen.delete(key);
    this.seen.set(key, { topic, group, messageId, reason, times, at: this.clock.monotonic() });
    this.forgetOld();
    if (times === STARVED_AT) this.events.emit('delivery.starved', { ...event, times });
  }

  private forgetOld(): void {
    const oldest = this.clock.monotonic() - FORGET_MS;
    for (const [key, { at }] of this.seen) {
      if (this.seen.size <= REMEMBERED && at >= oldest) return;
      this.seen.delete(key);
    }
  }
}

/** Says why a delivery was released, for people. */
export function describeRelease(reason: Released['reason']): string {
  return REASONS[reason];
}

function keyOf({ topic, group, messageId }: DeliveryRef): string {
  return JSON.stringify([topic, group, messageId]);
}
