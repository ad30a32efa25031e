import type { MqEvents } from '../../events/event-bus.js';
import type { Clock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';
import type { SendFailure } from '../send-result.js';
import { Breaker } from './breaker.js';
import { BrokerRecords } from './broker-records.js';
import type { CircuitState } from './circuit-state.js';

export type Admission =
  { readonly go: true; readonly probe: boolean } | { readonly go: false; readonly retryInMs: number };

/**
 * Circuit breakers of the connection and of each topic. They stop what cannot be sent anyway, so that an outage costs neither
 * attempts nor a write for each message.
 *
 * The connection's opens when the broker cannot be reached or refuses the credentials; a topic's when it is missing,
 * throttled, not permitted, or more than its broker can take. While the connection is open, its topics are not asked. What
 * opens and closes them is for `OutcomeJudge` to decide.
 *
 * Of several brokers behind one connection one can take nothing while others do. Then nothing opens, since which message
 * goes where is for the transport to say: those that it cannot send elsewhere fail, at no cost, and less and less often.
 */
export class Circuit {
  readonly connection: Breaker;
  readonly brokers: BrokerRecords;
  /** Those that are not closed. */
  private readonly topics = new Map<string, Breaker>();

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly events: MqEvents,
  ) {
    this.connection = new Breaker('connection', clock, random, events);
    this.brokers = new BrokerRecords(clock);
  }

  get connectionOpen(): boolean {
    return !this.connection.isClosed;
  }

  /** Topics whose circuit is not closed, whether or not the connection works. */
  get openTopics(): string[] {
    return [...this.topics.keys()];
  }

  /** Brokers that take nothing while others behind this connection do. */
  get refusingBrokers(): string[] {
    return this.brokers.refusing();
  }

  /** All circuits that are not closed, brokers included. */
  states(): CircuitState[] {
    const open = [this.connection, ...this.topics.values()].flatMap(({ openState }) => openState ?? []);
    const brokers = this.brokers.refusals().map(({ broker, forMs }) => ({
      scope: `broker ${broker}`,
      openMs: forMs,
      code: 'MQ_BROKER_UNAVAILABLE',
      message: 'it takes no messages while others behind this connection do',
      // Each message that waits for it finds out for itself.
      nextProbeInMs: 0,
    }));
    return [...open, ...brokers];
  }

  /** Topics whose next probe may go. */
  dueTopics(): string[] {
    return [...this.topics].filter(([, { probeInMs }]) => probeInMs === 0).map(([topic]) => topic);
  }

  /**
   * Milliseconds until the next probe of the connection, or of the topic that is due first; `null` when all are closed.
   * 0 says that a probe may go, so it is never 0 while one is on the wire: whoever looks would claim rows for nothing.
   */
  nextProbeInMs(): number | null {
    const open = this.connectionOpen ? [this.connection] : [...this.topics.values()];
    return open.length === 0 ? null : Math.min(...open.map(({ probeInMs }) => probeInMs));
  }

  /** Whether a send would be let through right now. Changes nothing. */
  wouldAdmit(topic: string): boolean {
    const breaker = this.breakerBefore(topic);
    return breaker === undefined || breaker.probeInMs === 0;
  }

  /** Asks for leave to send. The outcome of a probe must be told to `OutcomeJudge`, also when it did not take place. */
  admit(topic: string): Admission {
    const breaker = this.breakerBefore(topic);
    if (breaker === undefined) return { go: true, probe: false };
    const retryInMs = breaker.tryProbe();
    return retryInMs > 0 ? { go: false, retryInMs } : { go: true, probe: true };
  }

  /** The breaker of a topic whose circuit is not closed. */
  topic(name: string): Breaker | undefined {
    return this.topics.get(name);
  }

  openTopic(name: string, failure: SendFailure): void {
    const breaker = this.topics.get(name) ?? new Breaker(`topic ${name}`, this.clock, this.random, this.events);
    this.topics.set(name, breaker);
    breaker.open(failure);
  }

  closeTopic(name: string): void {
    const breaker = this.topics.get(name);
    this.topics.delete(name);
    breaker?.close();
  }

  /** Ends the probes of the connection and of this topic, whichever is on the wire, without an outcome. */
  endProbes(topic: string): void {
    this.connection.endProbe();
    this.topics.get(topic)?.endProbe();
  }

  /** A failure is this broker's, and not the connection's. `isCertain`: it said so, or takes nothing at all. */
  brokerRefused(broker: string, key: string | null, failure: SendFailure, isCertain: boolean): void {
    this.connection.endProbe();
    if (!this.brokers.refuse(broker, key, isCertain)) return;
    const { code, message, cause } = failure;
    this.events.emit('circuit.opened', { scope: `broker ${broker}`, error: { code, message, cause } });
  }

  brokerTook(broker: string | null, key: string | null): void {
    const refusedMs = this.brokers.took(broker, key);
    if (refusedMs === null) return;
    this.events.emit('circuit.closed', { scope: `broker ${broker}`, openMs: Math.round(refusedMs) });
  }

  /** The breaker that a message of this topic has to pass; none when all are closed. */
  private breakerBefore(topic: string): Breaker | undefined {
    return this.connectionOpen ? this.connection : this.topics.get(topic);
  }
}
