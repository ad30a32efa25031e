import type { MqEvents } from '../events/event-bus.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import { BrokerRecords } from './broker-records.js';
import type { SendFailure } from './failure.js';
import { Silence } from './silence.js';
import { Suspects } from './suspects.js';

/** Failures in a row, of at least two messages, after which "unknown" is taken to be the broker and not the messages. */
const UNKNOWN_LIMIT = 5;
/** Between two probes: a broker that is back is found within this and the time of one send. */
const PROBE_MIN_MS = 500;
const PROBE_MAX_MS = 3_000;

interface Open {
  readonly since: number;
  readonly failure: SendFailure;
  probeAt: number;
  probing: boolean;
  probes: number;
  /** It may be the credentials that were refused and not their rights to this topic: nothing has gone through since. */
  mayBeConnection: boolean;
}

export type Admission =
  { readonly go: true; readonly probe: boolean } | { readonly go: false; readonly retryInMs: number };

/** What a failed attempt means for its message. `free`: it costs nothing. `too-much`: nor this, and fewer may be sent at once. */
export type Verdict = 'park' | 'counts' | 'free' | 'too-much';

/**
 * Stops sending through a scope that is broken, so that an outage costs neither attempts nor a write for each message.
 *
 * A scope is the whole connection (unreachable, credentials) or one topic (missing, throttled, no right to it, more than its
 * broker can take). States of a scope:
 *
 * - *closed*: everything goes. → *open* at once on a failure that is about the scope; the connection also after five
 *   unknown outcomes in a row that concern at least two messages (one message that no proxy lets through must not stop
 *   the others), whose attempts are then given back.
 * - *open*: nothing goes until `probeAt`, then one message: the probe. It succeeds → *closed*; it fails in whatever way
 *   that is not about the message itself → *open* with a later `probeAt`.
 *
 * Not every broker says whose fault it is, and the wrong answer stops everything, or parks a whole stream message by
 * message. So what is denied is the topic's until a second topic is denied and nothing has gone through in between: then it
 * is the credentials. And what is refused is the topic's until a probe shows that it takes messages: then it is the one
 * that is refused again.
 *
 * What is left without an answer says least of all. Alone it counts, and stops nothing; left together with others at one
 * broker, it costs nothing ({@link Silence}), and something pauses. While the server answers others that is the topic, of
 * which too much is sent, unless it is known to be of one broker or key.
 *
 * A success through the connection closes it and its topic. Results of sends that began before the scope opened are
 * taken as they come: a success closes it all the same, since what matters is that the broker takes messages. Not so a
 * topic of which too much was sent: that is over when a probe shows it.
 *
 * Of several brokers behind one connection one can take nothing while others do. Then nothing is closed, since which message
 * goes where is for the transport to say: those that it cannot send elsewhere fail, at no cost, and less and less often.
 */
export class Circuit {
  private connection: Open | null = null;
  private readonly topics = new Map<string, Open>();
  private readonly suspects = new Suspects();
  private readonly silence: Silence;
  private readonly brokers: BrokerRecords;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly events: MqEvents,
    /** Called with the ids whose counted attempts were the broker's fault, one entry for each attempt. */
    private readonly refund: (ids: readonly string[]) => void,
  ) {
    this.brokers = new BrokerRecords(clock);
    this.silence = new Silence(clock);
  }

  get connectionOpen(): boolean {
    return this.connection !== null;
  }

  /** Topics that are closed off while the connection works. */
  get openTopics(): string[] {
    return [...this.topics.keys()];
  }

  /** Brokers that take nothing while others behind this connection do. */
  get refusingBrokers(): string[] {
    return this.brokers.refusing();
  }

  /** Topics whose next probe may go. */
  dueTopics(): string[] {
    const now = this.clock.monotonic();
    return [...this.topics].filter(([, open]) => untilProbe(open, now) === 0).map(([topic]) => topic);
  }

  /**
   * Milliseconds until the next probe of the connection, or of the topic that is due first; `null` when all is closed.
   * 0 says that a probe may go, so it is never 0 while one is on the wire: whoever looks would claim rows for nothing.
   */
  nextProbeInMs(): number | null {
    const opens = this.connection ? [this.connection] : [...this.topics.values()];
    if (opens.length === 0) return null;
    const now = this.clock.monotonic();
    return Math.min(...opens.map((open) => untilProbe(open, now)));
  }

  /** Whether a send would be let through right now. Changes nothing. */
  wouldAdmit(topic: string): boolean {
    const open = this.connection ?? this.topics.get(topic);
    return open === undefined || untilProbe(open, this.clock.monotonic()) === 0;
  }

  /** Asks for leave to send. A probe must be answered with `succeeded`, `failed` or `abandoned`. */
  admit(topic: string): Admission {
    const open = this.connection ?? this.topics.get(topic);
    if (open === undefined) return { go: true, probe: false };
    const retryInMs = untilProbe(open, this.clock.monotonic());
    if (retryInMs > 0) return { go: false, retryInMs: Math.max(PROBE_MIN_MS, retryInMs) };
    open.probing = true;
    return { go: true, probe: true };
  }

  /**
   * @param probe the id of the message, if it was admitted as a probe
   * @param broker which of several took it
   * @param key of its order
   */
  succeeded(
    topic: string,
    messageId: string,
    probe: string | null,
    broker: string | null = null,
    key: string | null = null,
  ): void {
    this.over(topic, messageId, key);
    const refusedMs = this.brokers.took(broker, inTopic(topic, key));
    if (refusedMs !== null) this.tellClosed(`broker ${broker}`, refusedMs);
    this.answered(topic, probe);
  }

  /**
   * Takes note of a failed send. An unknown outcome counts against the message, but not while the connection is open,
   * when it is the broker that is being tried and not the message.
   *
   * @param startedAt when the send began, on the monotonic clock
   */
  failed(
    topic: string,
    messageId: string,
    failure: SendFailure,
    orderingKey: string | null = null,
    startedAt = this.clock.monotonic(),
  ): Verdict {
    const { broker } = failure;
    const key = inTopic(topic, orderingKey);
    const who = nameOf(messageId, key);
    switch (failure.about) {
      case 'connection':
        this.endProbe(this.topics.get(topic));
        if (this.brokers.failed(broker)) {
          this.refused(broker!, key, failure, true);
          return 'free';
        }
        this.connection = this.open('connection', this.connection, failure);
        return 'free';
      case 'topic-or-connection':
        this.denied(topic, failure);
        return 'free';
      case 'topic-or-message':
        if (this.suspects.convicts(messageId)) {
          this.abandoned(topic);
          this.closeConnection();
          return 'park';
        }
        this.suspects.suspect(topic, messageId);
        this.closeConnection();
        this.openTopic(topic, failure);
        return 'free';
      case 'topic':
        // The broker answered, so the connection is fine.
        this.closeConnection();
        this.openTopic(topic, failure);
        return 'free';
      case 'unknown': {
        this.endProbe(this.topics.get(topic));
        const standing = failure.answered ? null : this.silence.leave(broker, who);
        const othersGo = this.brokers.failed(broker);
        if (othersGo) {
          const isCertain = this.brokers.certainlyRefuses(broker, key);
          // What has no key may get through the next time, by another broker: nothing is gained by sparing it.
          const isTogether = key !== null && standing !== null && !standing.alone;
          if (isCertain || (isTogether && standing.again)) this.refused(broker!, key, failure, false);
          if (isCertain) return 'free';
          if (isTogether) {
            // It may have been the connection's probe, and nothing else would end that.
            this.endProbe(this.connection);
            return standing.counts ? 'counts' : 'free';
          }
        }
        if (this.connection) {
          this.connection = this.open('connection', this.connection, failure);
          return 'free';
        }
        return this.opensFor(messageId, failure, key, othersGo) ? 'free' : 'counts';
      }
      case 'overload': {
        this.closeConnection();
        const standing = this.silence.leave(broker, who);
        const narrows = !standing.alone && this.tooMuch(topic, failure, key, { again: standing.again, startedAt });
        if (!narrows) this.abandoned(topic);
        if (standing.counts) return 'counts';
        return narrows ? 'too-much' : 'free';
      }
      case 'message':
        this.silence.end(who);
        // It answered, and about the message: whatever was broken works again. All but a topic of which too much was sent:
        // that has had its probe, and gets another.
        this.endProbe(this.topics.get(topic));
        this.answered(topic, null);
        return 'park';
      case 'none':
        this.abandoned(topic);
        return 'free';
    }
  }

  /** How long a message that failed at this broker waits at least. Spread, because all keys of a broker lose it together. */
  spareMs(broker: string | null, topic: string, key: string | null): number {
    return this.brokers.spareMs(broker, inTopic(topic, key)) * (1 - this.random() / 3);
  }

  /** Nobody waits for this message any more: it is through, or parked. */
  over(topic: string, messageId: string, key: string | null): void {
    this.silence.end(nameOf(messageId, inTopic(topic, key)));
  }

  /** The probe did not take place after all. */
  abandoned(topic: string): void {
    this.endProbe(this.connection);
    this.endProbe(this.topics.get(topic));
  }

  /** Somebody answered, and not that the topic or the connection is at fault. */
  private answered(topic: string, probe: string | null): void {
    this.brokers.setUnknown(null, []);
    this.closeConnection();
    for (const open of this.topics.values()) open.mayBeConnection = false;
    const open = this.topics.get(topic);
    if (!open || (probe === null && isTooMuch(open.failure))) return;
    if (probe === null) this.suspects.drop(topic);
    else this.suspects.acquit(topic, probe);
    this.close(`topic ${topic}`, open, () => this.topics.delete(topic));
  }

  /**
   * Several were left without an answer, while the server answered others. Closes the topic and answers `true`, unless that is
   * known to be of one broker: none of its messages got through since this one was sent, while another's did; or it is known by
   * the name of a server that stands before several, and this key was left the last time as well, or others are.
   */
  private tooMuch(
    topic: string,
    failure: SendFailure,
    key: string | null,
    { again, startedAt }: { again: boolean; startedAt: number },
  ): boolean {
    const { broker } = failure;
    const isOfKey = key !== null && (again || this.brokers.refusesOther(broker, key));
    if (broker !== null && (isOfKey || this.brokers.isLeftBehind(broker, startedAt))) {
      this.brokers.failed(broker);
      this.refused(broker, key, failure, false);
      return false;
    }
    // Others got through since the last time: fewer of them would not help this one.
    if (again && !this.topics.has(topic)) return false;
    this.openTopic(topic, failure);
    return true;
  }

  /** The failure is this broker's, and not the connection's. */
  private refused(broker: string, key: string | null, failure: SendFailure, isCertain: boolean): void {
    this.endProbe(this.connection);
    if (this.brokers.refuse(broker, key, isCertain)) this.tellOpened(`broker ${broker}`, failure);
  }

  private denied(topic: string, failure: SendFailure): void {
    const isNew = !this.topics.has(topic);
    const open = this.openTopic(topic, failure);
    if (isNew) open.mayBeConnection = true;
    const agreeing = [...this.topics.values()].filter(({ mayBeConnection }) => mayBeConnection).length;
    const stays = this.connection?.failure.about === 'topic-or-connection';
    if (agreeing > 1 || stays) this.connection = this.open('connection', this.connection, failure);
    else this.closeConnection();
  }

  private openTopic(topic: string, failure: SendFailure): Open {
    const open = this.open(`topic ${topic}`, this.topics.get(topic) ?? null, failure);
    this.topics.set(topic, open);
    return open;
  }

  private closeConnection(): void {
    if (this.connection) this.close('connection', this.connection, () => (this.connection = null));
  }

  /** A probe that said nothing about its scope. It must end all the same: while it seems to be on the wire no other may go. */
  private endProbe(open: Open | null | undefined): void {
    if (!open?.probing) return;
    open.probing = false;
    open.probeAt = this.clock.monotonic() + this.pause(open.probes);
  }

  /** Adds an unknown outcome to the row of them at this broker; `true` when it is the one that opens something. */
  private opensFor(messageId: string, failure: SendFailure, key: string | null, othersGo: boolean): boolean {
    const { broker } = failure;
    const counted = this.brokers.unknownAt(broker);
    // A broker that refuses another key needs no second message: that one is it.
    const isAlone = !this.brokers.refusesOther(broker, key) && new Set([...counted, messageId]).size < 2;
    if (counted.length + 1 < UNKNOWN_LIMIT || isAlone) {
      this.brokers.setUnknown(broker, [...counted, messageId].slice(-UNKNOWN_LIMIT));
      return false;
    }
    this.brokers.setUnknown(broker, []);
    if (othersGo) this.refused(broker!, key, failure, true);
    else this.connection = this.open('connection', null, failure);
    this.refund(counted);
    return true;
  }

  private open(scope: string, before: Open | null, failure: SendFailure): Open {
    const now = this.clock.monotonic();
    const probes = before === null ? 0 : before.probing ? before.probes + 1 : before.probes;
    const wait = Math.max(this.pause(probes), failure.retryAfterMs ?? 0);
    if (before === null) this.tellOpened(scope, failure);
    const { since = now, mayBeConnection = false } = before ?? {};
    return { since, failure, probeAt: now + wait, probing: false, probes, mayBeConnection };
  }

  private close(scope: string, open: Open, forget: () => void): void {
    forget();
    this.tellClosed(scope, this.clock.monotonic() - open.since);
  }

  private tellOpened(scope: string, { code, message, cause }: SendFailure): void {
    this.events.emit('circuit.opened', { scope, error: { code, message, cause } });
  }

  private tellClosed(scope: string, openMs: number): void {
    this.events.emit('circuit.closed', { scope, openMs: Math.round(openMs) });
  }

  /** Doubles from the minimum to the maximum, with up to a third of jitter: many processes probe the same broker. */
  private pause(probes: number): number {
    const base = Math.min(PROBE_MAX_MS, PROBE_MIN_MS * 2 ** Math.min(probes, 10));
    return base * (1 - this.random() / 3);
  }
}

/** What was on its way when that was found out may still be taken, and says nothing about whether more is too much. */
function isTooMuch({ about, code }: SendFailure): boolean {
  return about === 'overload' || code === 'MQ_BROKER_THROTTLED';
}

/** Keys are in order within their topic: one of the same name in another has nothing to do with it. */
function inTopic(topic: string, key: string | null): string | null {
  return key === null ? null : `${topic}\0${key}`;
}

/** Of a key it is always the first that is sent. */
function nameOf(messageId: string, key: string | null): string {
  return key === null ? `message ${messageId}` : `key ${key}`;
}

function untilProbe({ probing, probeAt }: Open, now: number): number {
  return Math.max(probing ? PROBE_MIN_MS : 0, probeAt - now);
}
