import { between } from '../../retry/backoff.js';
import type { Clock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';
import type { SendFailure } from '../send-result.js';
import type { Circuit } from './circuit.js';
import { RefusedMessages } from './refused-messages.js';
import { UnansweredMessages } from './unanswered-messages.js';

/** Failures in a row, of at least two messages, after which "unknown" is held against the broker and not the messages. */
const UNKNOWN_LIMIT = 5;

/** What a failed attempt means for its message. `free`: it costs nothing. `too-much`: nor this, and fewer may be sent at once. */
export type Verdict = 'park' | 'counts' | 'free' | 'too-much';

/**
 * Judges the outcomes of sends: it opens and closes the {@link Circuit}, and says what a failure costs its message. What a
 * kind of failure means by itself stands in the table of `core/retry/failure-table.ts`; this class knows what came before.
 *
 * Not every broker says whose fault it is, and the wrong answer stops everything, or parks a whole stream message by
 * message. So what is denied is the topic's until a second topic is denied and nothing has gone through in between: then it
 * is the credentials. And what is refused is the topic's until a probe shows that it takes messages: then it is the one
 * that is refused again.
 *
 * What is left without an answer says least of all. Alone it counts, and stops nothing; left together with others at one
 * broker, it costs nothing ({@link UnansweredMessages}), and something pauses. While the server answers others that is the topic, of
 * which too much is sent, unless it is known to be of one broker or key.
 *
 * Five unknown outcomes in a row open the connection if they concern at least two messages: one message that no proxy lets
 * through must not stop the others. The attempts of those five are then given back.
 *
 * A success through the connection closes it and its topic. Results of sends that began before the scope opened are
 * taken as they come: a success closes it all the same, since what matters is that the broker takes messages. Not so a
 * topic of which too much was sent: that is over when a probe shows it.
 */
export class OutcomeJudge {
  private readonly refused = new RefusedMessages();
  private readonly withoutAnswer: UnansweredMessages;
  /** Topics that were denied first, and nothing has gone through since: it may be the credentials. */
  private readonly denied = new Set<string>();

  constructor(
    private readonly circuit: Circuit,
    private readonly clock: Clock,
    private readonly random: Random,
    /** Called with the ids whose counted attempts were the broker's fault, one entry for each attempt. */
    private readonly refund: (ids: readonly string[]) => void,
  ) {
    this.withoutAnswer = new UnansweredMessages(clock);
  }

  /**
   * @param probe the id of the message, if it was admitted as a probe
   * @param broker which of several took it
   * @param orderingKey of the message
   */
  succeeded(
    topic: string,
    messageId: string,
    probe: string | null,
    broker: string | null = null,
    orderingKey: string | null = null,
  ): void {
    this.over(topic, messageId, orderingKey);
    this.circuit.brokerTook(broker, inTopic(topic, orderingKey));
    this.answered(topic, probe);
  }

  /** @param startedAt when the send began, on the monotonic clock */
  failed(
    topic: string,
    messageId: string,
    failure: SendFailure,
    orderingKey: string | null = null,
    startedAt = this.clock.monotonic(),
  ): Verdict {
    const { circuit } = this;
    const { broker } = failure;
    const key = inTopic(topic, orderingKey);
    const who = nameOf(messageId, key);
    switch (failure.about) {
      case 'unknown':
        return this.unknown(topic, messageId, failure, key);
      case 'overload':
        return this.unanswered(topic, failure, key, who, startedAt);
      case 'message':
        this.withoutAnswer.delete(who);
        // It answered, and about the message: whatever was broken works again. All but a topic of which too much was sent:
        // that has had its probe, and gets another.
        circuit.topic(topic)?.endProbe();
        this.answered(topic, null);
        break;
      case 'none':
        this.abandoned(topic);
        break;
      case 'connection':
        circuit.topic(topic)?.endProbe();
        if (circuit.brokers.failed(broker)) {
          circuit.brokerRefused(broker!, key, failure, true);
          return failure.attempt;
        }
        break;
      case 'topic-or-connection':
        this.denyTopic(topic, failure);
        return failure.attempt;
      case 'topic-or-message':
      case 'transport':
        if (this.refused.takeAtFault(messageId)) {
          this.abandoned(topic);
          this.heardBy(failure);
          return 'park';
        }
        this.refused.add(topic, messageId);
        break;
      case 'topic':
        break;
    }
    if (failure.opens === 'connection') circuit.connection.open(failure);
    if (failure.opens === 'topic') {
      this.heardBy(failure);
      circuit.openTopic(topic, failure);
    }
    return failure.attempt;
  }

  /** A broker that refuses has answered, so the connection works. What this process could not send says nothing about that. */
  private heardBy({ about }: SendFailure): void {
    const { connection } = this.circuit;
    if (about === 'transport') connection.endProbe();
    else connection.close();
  }

  /** How long a message that failed at this broker waits at least. Spread, because all keys of a broker lose it together. */
  spareMs(broker: string | null, topic: string, orderingKey: string | null): number {
    const ms = this.circuit.brokers.spareMs(broker, inTopic(topic, orderingKey));
    return between(ms, ms - ms / 3, this.random);
  }

  /** Nobody waits for this message any more: it is through, or parked. */
  over(topic: string, messageId: string, orderingKey: string | null): void {
    this.withoutAnswer.delete(nameOf(messageId, inTopic(topic, orderingKey)));
  }

  /** The probe did not take place after all. */
  abandoned(topic: string): void {
    this.circuit.endProbes(topic);
  }

  /** Somebody answered, and not that the topic or the connection is at fault. */
  private answered(topic: string, probe: string | null): void {
    this.circuit.brokers.setUnknown(null, []);
    this.circuit.connection.close();
    this.denied.clear();
    const failure = this.circuit.topic(topic)?.failure;
    if (!failure || (probe === null && isTooMuch(failure))) return;
    if (probe === null) this.refused.forget(topic);
    else this.refused.probeSucceeded(topic, probe);
    this.circuit.closeTopic(topic);
  }

  /** It counts against the message, but not while the connection is open, when it is the broker that is being tried. */
  private unknown(topic: string, messageId: string, failure: SendFailure, key: string | null): Verdict {
    const { circuit } = this;
    const { broker } = failure;
    circuit.topic(topic)?.endProbe();
    const standing = failure.answered ? null : this.withoutAnswer.add(broker, nameOf(messageId, key));
    const othersGo = circuit.brokers.failed(broker);
    if (othersGo) {
      const isCertain = circuit.brokers.certainlyRefuses(broker, key);
      // What has no key may get through the next time, by another broker: nothing is gained by sparing it.
      const isTogether = key !== null && standing !== null && !standing.alone;
      if (isCertain || (isTogether && standing.again)) circuit.brokerRefused(broker!, key, failure, false);
      if (isCertain) return 'free';
      if (isTogether) {
        // It may have been the connection's probe, and nothing else would end that.
        circuit.connection.endProbe();
        return standing.counts ? 'counts' : 'free';
      }
    }
    if (circuit.connectionOpen) {
      circuit.connection.open(failure);
      return 'free';
    }
    return this.opensFor(messageId, failure, key, othersGo) ? 'free' : failure.attempt;
  }

  /** Adds an unknown outcome to the row of them at this broker; `true` when it is the one that opens something. */
  private opensFor(messageId: string, failure: SendFailure, key: string | null, othersGo: boolean): boolean {
    const { connection, brokers } = this.circuit;
    const { broker } = failure;
    const counted = brokers.unknownAt(broker);
    // A broker that refuses another key needs no second message: that one is it.
    const isAlone = !brokers.refusesOther(broker, key) && new Set([...counted, messageId]).size < 2;
    if (counted.length + 1 < UNKNOWN_LIMIT || isAlone) {
      brokers.setUnknown(broker, [...counted, messageId].slice(-UNKNOWN_LIMIT));
      return false;
    }
    brokers.setUnknown(broker, []);
    if (othersGo) this.circuit.brokerRefused(broker!, key, failure, true);
    else connection.open(failure);
    this.refund(counted);
    return true;
  }

  /** Left without an answer, while the same server answered others. */
  private unanswered(topic: string, failure: SendFailure, key: string | null, who: string, startedAt: number): Verdict {
    this.circuit.connection.close();
    const standing = this.withoutAnswer.add(failure.broker, who);
    const narrows = !standing.alone && this.tooMuch(topic, failure, key, { again: standing.again, startedAt });
    if (!narrows) this.abandoned(topic);
    if (standing.counts) return failure.attempt;
    return narrows ? 'too-much' : 'free';
  }

  /**
   * Several were left without an answer, while the server answered others. Opens the topic and answers `true`, unless that is
   * known to be of one broker: none of its messages got through since this one was sent, while another's did; or it is known by
   * the name of a server that stands before several, and this key was left the last time as well, or others are.
   */
  private tooMuch(
    topic: string,
    failure: SendFailure,
    key: string | null,
    { again, startedAt }: { again: boolean; startedAt: number },
  ): boolean {
    const { brokers } = this.circuit;
    const { broker } = failure;
    const isOfKey = key !== null && (again || brokers.refusesOther(broker, key));
    if (broker !== null && (isOfKey || brokers.isLeftBehind(broker, startedAt))) {
      brokers.failed(broker);
      this.circuit.brokerRefused(broker, key, failure, false);
      return false;
    }
    // Others got through since the last time: fewer of them would not help this one.
    if (again && !this.circuit.topic(topic)) return false;
    this.circuit.openTopic(topic, failure);
    return true;
  }

  private denyTopic(topic: string, failure: SendFailure): void {
    const { connection } = this.circuit;
    if (!this.circuit.topic(topic)) this.denied.add(topic);
    this.circuit.openTopic(topic, failure);
    const stays = connection.failure?.about === 'topic-or-connection';
    if (this.denied.size > 1 || stays) connection.open(failure);
    else connection.close();
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
