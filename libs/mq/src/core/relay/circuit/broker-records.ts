import type { Clock } from '../../runtime/clock.js';

/** How long another broker is known to work after it took a message. */
const WORKS_MS = 60_000;
/** For how long what a broker said of itself explains that it leaves messages without an answer. */
const SAID_MS = 60_000;
/** How long one that takes some messages and not others is known to do so: there may be several behind its name. */
const MIXED_MS = 10_000;
/** After this long without a failure, what failed is forgotten: its message was cancelled, say. */
const FORGET_MS = 120_000;
/** A message for a broker that takes none waits for a quarter of the time since it does not, within these. */
const SPARE_MIN_MS = 1_000;
const SPARE_MAX_MS = 30_000;
/** Keys remembered of one broker. One that is forgotten is tried again, at no cost. */
const MAX_KEYS = 10_000;
const NO_KEY = '';

interface Refused {
  readonly since: number;
  readonly at: number;
  /** When it was certain last that it is the broker. */
  readonly certainAt: number | null;
}

interface BrokerRecord {
  tookAt: number | null;
  /** The first failure of those that are not a minute apart, and the last. */
  failingSince: number | null;
  failedAt: number;
  /** What does not get through while others do, by ordering key; what failed last stands last. */
  readonly refused: Map<string, Refused>;
  /** Since when, as long as nobody was told that it is over. */
  refusesSince: number | null;
  /** Messages whose outcome is unknown, since it took one. */
  unknown: readonly string[];
}

/**
 * What became of messages at each of several brokers behind one connection. What fails at one of them is that one's, while
 * others take messages: ordered messages cannot go elsewhere, and must neither stop those of other keys nor be given up.
 *
 * Some transports know only the server in front of several brokers, which sends each key to one of them. So it counts as well
 * that the same name takes other messages, and it is over when the same key gets through.
 *
 * A broker without a name is the only one.
 */
export class BrokerRecords {
  private readonly records = new Map<string, BrokerRecord>();

  constructor(private readonly clock: Clock) {}

  /**
   * Brokers that do not take some messages while others get through. One that nothing was sent to for two minutes is forgotten:
   * it was taken out of the cluster, or its messages went elsewhere, and those that wait for it come by every half minute.
   */
  refusing(): string[] {
    return this.refusals().map(({ broker }) => broker);
  }

  /** The same, with how long that has been so. */
  refusals(): { broker: string; forMs: number }[] {
    const now = this.clock.monotonic();
    const isFresh = ({ at }: Refused): boolean => now - at <= FORGET_MS;
    return [...this.records]
      .filter(([, { refused }]) => [...refused.values()].some(isFresh))
      .map(([broker, { refusesSince }]) => ({ broker, forMs: now - (refusesSince ?? now) }));
  }

  /** It took a message of this key. Answers for how long it had refused some, if that is over. */
  took(broker: string | null, key: string | null): number | null {
    const record = this.of(broker);
    const now = this.clock.monotonic();
    record.tookAt = now;
    record.unknown = [];
    const { refusesSince } = record;
    if (refusesSince === null) return null;
    record.refused.delete(key ?? NO_KEY);
    this.forgetOld(record, now);
    if (record.refused.size > 0) return null;
    record.refusesSince = null;
    return now - refusesSince;
  }

  /** It failed. Answers whether that says nothing about the connection, because others get through. */
  failed(broker: string | null): boolean {
    if (broker === null) return false;
    const record = this.of(broker);
    const now = this.clock.monotonic();
    const { tookAt } = record;
    // A message that it took since then ends that outage, unless the two are so close together that it takes some and fails others.
    const recovered = tookAt !== null && tookAt > record.failedAt && now - record.failedAt > MIXED_MS;
    if (record.failingSince === null || recovered || now - record.failedAt > WORKS_MS) record.failingSince = now;
    record.failedAt = now;
    const { failingSince } = record;
    const isMixed = tookAt !== null && tookAt > failingSince && now - tookAt < MIXED_MS;
    return isMixed || [...this.records.values()].some((other) => other !== record && works(other, now));
  }

  /** Whether it does not take messages of some other key. */
  refusesOther(broker: string | null, key: string | null): boolean {
    const record = this.of(broker);
    this.forgetOld(record, this.clock.monotonic());
    return record.refused.size > (record.refused.has(key ?? NO_KEY) ? 1 : 0);
  }

  /** Whether it was certain lately that it does not take messages of this key: then no answer for one of them is its failure as well. */
  certainlyRefuses(broker: string | null, key: string | null): boolean {
    const certainAt = broker === null ? null : (this.of(broker).refused.get(key ?? NO_KEY)?.certainAt ?? null);
    return certainAt !== null && this.clock.monotonic() - certainAt <= SAID_MS;
  }

  /** Whether this broker has taken no message since then, while another has. */
  isLeftBehind(broker: string | null, since: number): boolean {
    const took = ({ tookAt }: BrokerRecord): boolean => tookAt !== null && tookAt >= since;
    const record = this.of(broker);
    return !took(record) && [...this.records.values()].some((other) => other !== record && took(other));
  }

  /**
   * `true` when it is the first of this broker.
   * @param isCertain it said so, or takes nothing at all
   */
  refuse(broker: string, key: string | null, isCertain: boolean): boolean {
    const record = this.of(broker);
    const { refused } = record;
    const name = key ?? NO_KEY;
    const at = this.clock.monotonic();
    const isFirst = record.refusesSince === null;
    record.refusesSince ??= at;
    const { since = at, certainAt = null } = refused.get(name) ?? {};
    refused.delete(name);
    refused.set(name, { since, at, certainAt: isCertain ? at : certainAt });
    if (refused.size > MAX_KEYS) refused.delete(refused.keys().next().value!);
    return isFirst;
  }

  /** Since it took one. */
  unknownAt(broker: string | null): readonly string[] {
    return this.of(broker).unknown;
  }

  setUnknown(broker: string | null, ids: readonly string[]): void {
    this.of(broker).unknown = ids;
  }

  /** How long a message of this key had better wait; 0 while there is nothing against it. */
  spareMs(broker: string | null, key: string | null): number {
    const refused = broker === null ? undefined : this.of(broker).refused.get(key ?? NO_KEY);
    if (!refused) return 0;
    return Math.min(SPARE_MAX_MS, Math.max(SPARE_MIN_MS, (this.clock.monotonic() - refused.since) / 4));
  }

  private forgetGone(): void {
    const now = this.clock.monotonic();
    for (const [name, { tookAt, failedAt }] of this.records)
      if (now - Math.max(tookAt ?? 0, failedAt) > FORGET_MS) this.records.delete(name);
  }

  private forgetOld({ refused }: BrokerRecord, now: number): void {
    for (const [name, { at }] of refused) {
      if (now - at <= FORGET_MS) break;
      refused.delete(name);
    }
  }

  private of(broker: string | null): BrokerRecord {
    const name = broker ?? '';
    let record = this.records.get(name);
    if (!record) {
      this.forgetGone();
      record = { tookAt: null, failingSince: null, failedAt: 0, refused: new Map(), refusesSince: null, unknown: [] };
      this.records.set(name, record);
    }
    return record;
  }
}

/** It has taken a message lately, and none failed since. */
function works({ tookAt, failingSince, failedAt }: BrokerRecord, now: number): boolean {
  return tookAt !== null && now - tookAt < WORKS_MS && (failingSince === null || tookAt >= failedAt);
}
