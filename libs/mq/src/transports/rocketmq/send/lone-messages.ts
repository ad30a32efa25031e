import { MQ_ID } from '../../../core/message/wire-properties.js';
import type { Clock } from '../../../core/runtime/clock.js';
import type { OutboundMessage } from '../../../core/transport/transport.js';

/** Well above the longest pause between two attempts, 10 minutes unless set. */
const FORGET_MS = 3_600_000;
/** Remembered at once; the oldest is forgotten first. */
const LIMIT = 10_000;

/**
 * Messages that share no list any more, until they are through: the last one that each was in has no known outcome.
 *
 * It may have been the fault of one of them, of which nobody can tell which: something on the way that cuts each connection
 * on which its text appears. In lists it would take others with it for as long as it is tried, and excuse itself with them.
 * Alone each is judged for itself, as it would be without lists.
 */
export class LoneMessages {
  /** When each was added, on the monotonic clock. What was added last stands last. */
  private readonly messages = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  add(message: OutboundMessage): void {
    const name = nameOf(message);
    this.messages.delete(name);
    this.messages.set(name, this.clock.monotonic());
    if (this.messages.size > LIMIT) this.messages.delete(this.messages.keys().next().value!);
  }

  /** It is through. */
  delete(message: OutboundMessage): void {
    if (this.messages.size > 0) this.messages.delete(nameOf(message));
  }

  has(message: OutboundMessage): boolean {
    if (this.messages.size === 0) return false;
    const addedAt = this.messages.get(nameOf(message));
    return addedAt !== undefined && this.clock.monotonic() - addedAt < FORGET_MS;
  }
}

/** Each attempt has another id at the broker. */
function nameOf({ topic, key, properties }: OutboundMessage): string {
  return `${topic}\0${properties[MQ_ID] ?? key}`;
}
