import type { Clock } from '../../runtime/clock.js';

/**
 * A message that was not sent again for this long says nothing about its broker any more: it was cancelled, or another
 * process sends it. Well above the longest pause of `reproduce.backoff`, 10 minutes unless set: with two minutes, relays that
 * share two keys of a frozen broker forgot the one key while the other was tried, and parked both within two hours.
 */
const FORGET_MS = 3_600_000;
/** For how long it costs nothing to be left without an answer: what nobody has let through in a day is no outage. */
const FREE_MS = 86_400_000;
/** Remembered at once. One that is forgotten begins anew. */
const LIMIT = 10_000;

interface Unanswered {
  readonly broker: string;
  /** When it was left without an answer first, and last. */
  readonly since: number;
  readonly at: number;
}

/** What is known of a message that was just left without an answer. */
interface Standing {
  /** It was so the last time as well. */
  readonly again: boolean;
  /** No other message was left without an answer at its broker lately and is still not through. */
  readonly alone: boolean;
  /** Whether to hold it against the message. */
  readonly counts: boolean;
}

/**
 * Messages that were left without an answer, and have not got through since; of an ordering key, whichever is first.
 *
 * No answer says nothing about whose fault it is, so others are compared. A message that is *alone* may itself be what no
 * server lets through: each time counts, and in the end it is parked. Those that are left *together* at one broker are not:
 * it is the broker, and costs none of them anything. Two that are to blame themselves would excuse each other for ever; so
 * after a day each time counts all the same. Each process knows what it has sent itself, since it started.
 */
export class UnansweredMessages {
  /** What was left last stands last. */
  private readonly messages = new Map<string, Unanswered>();

  constructor(private readonly clock: Clock) {}

  /** @param who its ordering key with its topic, or its id if it has none */
  add(broker: string | null, who: string): Standing {
    const now = this.clock.monotonic();
    this.forgetOld(now);
    const at = broker ?? '';
    const before = this.messages.get(who);
    const since = before?.since ?? now;
    this.messages.delete(who);
    const alone = !this.hasOther(at);
    this.messages.set(who, { broker: at, since, at: now });
    if (this.messages.size > LIMIT) this.messages.delete(this.messages.keys().next().value!);
    return { again: before !== undefined, alone, counts: alone || now - since > FREE_MS };
  }

  /** It got through, its broker said what is wrong with it, or it is parked. */
  delete(who: string): void {
    this.messages.delete(who);
  }

  private hasOther(broker: string): boolean {
    for (const other of this.messages.values()) if (other.broker === broker) return true;
    return false;
  }

  private forgetOld(now: number): void {
    for (const [who, { at }] of this.messages) {
      if (now - at <= FORGET_MS) break;
      this.messages.delete(who);
    }
  }
}
