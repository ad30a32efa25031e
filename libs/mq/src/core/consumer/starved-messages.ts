import type { MqEvents } from '../events/event-bus.js';
import type { DeliveryRef, GroupRef, MqEventMap } from '../events/event-map.js';
import type { Clock } from '../runtime/clock.js';

type Released = MqEventMap['delivery.released'];

/** A message that is left once is nobody's fault, and twice may be bad luck. */
const TELL_AT = 3;
/** Messages that are remembered; those that were not seen for the longest time are forgotten first. */
const REMEMBERED = 1_000;
/** The longest lease of a broker that fixes it is 5 minutes, and other instances take their turns. */
const FORGET_MS = 60 * 60_000;
/** Whether another instance has handled it meanwhile nobody tells us, so health speaks only of what was here lately. */
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
 * Tells of messages that come again and again and are left to the broker each time. None of that is an error by itself, so
 * without this nobody would hear of a message that no handler ever sees.
 *
 * It only listens: whatever makes a delivery end without a verdict, also one that is invented later, is counted. A verdict
 * of any kind ends the count.
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
      if (message.times < TELL_AT || message.at < recent) continue;
      const label = `${message.topic}/${message.group}`;
      groups.set(label, { count: (groups.get(label)?.count ?? 0) + 1, last: message });
    }
    return [...groups].map(([label, { count, last }]) => {
      const who = count === 1 ? '1 message was' : `${count} messages were`;
      return `${label}: ${who} delivered ${TELL_AT} times or more without a verdict; the last, ${last.messageId}, ${last.times} times: ${REASONS[last.reason]}`;
    });
  }

  private released(event: Released): void {
    // Ends with this process, and another one takes over.
    if (event.reason === 'shutdown') return;
    const { topic, group, messageId, reason } = event;
    const key = keyOf(event);
    const times = (this.seen.get(key)?.times ?? 0) + 1;
    this.seen.delete(key);
    this.seen.set(key, { topic, group, messageId, reason, times, at: this.clock.monotonic() });
    this.forgetOld();
    if (times === TELL_AT) this.events.emit('delivery.starved', { ...event, times });
  }

  private forgetOld(): void {
    const oldest = this.clock.monotonic() - FORGET_MS;
    for (const [key, { at }] of this.seen) {
      if (this.seen.size <= REMEMBERED && at >= oldest) return;
      this.seen.delete(key);
    }
  }
}

/** What a release means, for people. */
export function describeRelease(reason: Released['reason']): string {
  return REASONS[reason];
}

function keyOf({ topic, group, messageId }: DeliveryRef): string {
  return JSON.stringify([topic, group, messageId]);
}
