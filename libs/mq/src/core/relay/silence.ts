import type { Clock } from '../runtime/clock.js';

/**
 * One that was not sent again for this long is no witness any more: it was cancelled, or another process sends it. Well above
 * the longest pause of `reproduce.backoff`, 10 minutes unless set: with two minutes, relays that share two keys of a frozen
 * broker forgot each key's witness while it waited, and parked both within two hours.
 */
const FORGET_MS = 3_600_000;
/** For how long it costs nothing to be left without an answer: what nobody has let through in a day is no outage. */
const FREE_MS = 86_400_000;
/** Remembered at once. One that is forgotten begins anew. */
const LIMIT = 10_000;

interface Left {
  readonly broker: string;
  readonly since: number;
  readonly at: number;
}

/** What is known of a message that was just left without an answer. */
export interface Standing {
  /** It was so the last time as well. */
  readonly again: boolean;
  /** No other message was left at its broker lately and is still not through. */
  readonly alone: boolean;
  /** Whether to hold it against the message. */
  readonly counts: boolean;
}

/**
 * Messages that were left without an answer, and have not got through since; of an ordering key, whichever is first.
 *
 * Nobody says whose fault that is, so others are the witnesses. One that is *alone* may itself be what no server lets
 * through: each time counts, and in the end it is parked. Those that are left *together* at one broker are not: it is the
 * broker, and costs none of them anything. Two that are to blame themselves would be each other's witnesses for ever; so
 * after a day each time counts all the same. Each process knows what it has sent itself, since it started.
 */
export class Silence {
  /** What was left last stands last. */
  private readonly left = new Map<string, Left>();

  constructor(private readonly clock: Clock) {}

  /** @param who its ordering key with its topic, or its id if it has none */
  leave(broker: string | null, who: string): Standing {
    const now = this.clock.monotonic();
    this.forgetOld(now);
    const at = broker ?? '';
    const before = this.left.get(who);
    const since = before?.since ?? now;
    this.left.delete(who);
    const alone = !this.hasOther(at);
    this.left.set(who, { broker: at, since, at: now });
    if (this.left.size > LIMIT) this.left.delete(this.left.keys().next().value!);
    return { again: before !== undefined, alone, counts: alone || now - since > FREE_MS };
  }

  /** It got through, its broker said what is wrong with it, or it is parked. */
  end(who: string): void {
    this.left.delete(who);
  }

  private hasOther(broker: string): boolean {
    for (const other of this.left.values()) if (other.broker === broker) return true;
    return false;
  }

  private forgetOld(now: number): void {
    for (const [who, { at }] of this.left) {
      if (now - at <= FORGET_MS) break;
      this.left.delete(who);
    }
  }
}
