import type { Clock } from '../../core/runtime/clock.js';
import type { TransportCapabilities } from '../../core/transport/capabilities.js';
import { limitViolations } from '../../core/transport/limit-violations.js';
import type {
  DeadLetterSpec,
  MessageSource,
  MqTransport,
  OutboundMessage,
  PublishReceipt,
  SubscriptionSpec,
  Violation,
} from '../../core/transport/transport.js';
import { xmlUnfit } from '../../core/message/xml-unfit.js';
import { MemoryBroker } from './memory-broker.js';
import type { MemoryGroup } from './memory-group.js';
import { memoryCapabilities, type MemoryProfile } from './memory-profile.js';
import { MemorySource, RichMemorySource } from './memory-source.js';

export interface MemoryTransportOptions {
  /** Default `'rich'`. */
  profile?: MemoryProfile;
  /** Default: the system's. Not used when `broker` is given. */
  clock?: Clock;
  /** A broker that other transports use as well. Default: one of its own. */
  broker?: MemoryBroker;
  /** The one lease that the broker gives, in milliseconds. Default: what the profile has (`'http'`: 5 minutes, ordered 1 minute). */
  leaseMs?: number;
  /** Deliveries of one message after which the broker gives it up. Default: what the profile has. Not used when `broker` is given. */
  maxDeliveries?: number;
}

/** {@link memoryTransport} */
export class MemoryTransport implements MqTransport {
  readonly name: string;
  readonly identity = 'memory';
  readonly publishMs = 0;
  readonly capabilities: TransportCapabilities;
  /** Where a test looks at what was published, and makes things fail. */
  readonly broker: MemoryBroker;
  readonly deadLetters?: (spec: DeadLetterSpec) => MessageSource;
  private readonly profile: MemoryProfile;

  constructor({ profile = 'rich', clock, broker, leaseMs, maxDeliveries }: MemoryTransportOptions = {}) {
    this.profile = profile;
    this.name = `memory-${profile}`;
    this.capabilities = memoryCapabilities(profile, { leaseMs, maxDeliveries });
    this.broker = broker ?? new MemoryBroker(clock, this.capabilities.limits.maxDeliveries);
    if (this.capabilities.deadLetterSource) this.deadLetters = (spec) => this.readDeadLetters(spec);
  }

  problems(): Violation[] {
    return [];
  }

  validateMessage(message: OutboundMessage): Violation[] {
    const properties = Object.entries(message.properties).map(([name, value]) => `${name}:${value}|`);
    const bytes = Buffer.byteLength(properties.join(''), 'utf8');
    const found = limitViolations(message, this.capabilities.limits, bytes, this.broker.clock.now());
    const { body } = message;
    if (body.length === 0) found.push({ path: 'body', problem: 'is empty' });
    const unfit = this.capabilities.binaryBody ? null : typeof body === 'string' ? xmlUnfit(body) : 'what is no text';
    if (unfit) found.push({ path: 'body', problem: `contains ${unfit}, which a text wire cannot carry` });
    return found;
  }

  validateSubscription(): Violation[] {
    return [];
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async publish(message: OutboundMessage, signal: AbortSignal): Promise<PublishReceipt> {
    await this.broker.passage(signal);
    return { brokerMessageId: this.broker.publish(message).brokerMessageId };
  }

  subscribe({ topic, groupId, instanceId, ...wanted }: SubscriptionSpec): MessageSource {
    return this.sourceOf(this.broker.group(topic, groupId, instanceId), wanted);
  }

  private readDeadLetters({ groupId, instanceId }: DeadLetterSpec): MessageSource {
    return this.sourceOf(this.broker.deadLetters(groupId, instanceId), { tags: null, ordered: false });
  }

  private sourceOf(group: MemoryGroup, wanted: Pick<SubscriptionSpec, 'tags' | 'ordered'>): MessageSource {
    const Source = this.profile === 'rich' ? RichMemorySource : MemorySource;
    return new Source(this.broker, group, wanted, this.capabilities);
  }
}

/**
 * A complete broker in this process, for tests: topics, groups with their own positions, leases, redelivery, delays,
 * order by key, tags and dead letters, on a clock that the test owns.
 *
 * @example
 * const transport = memoryTransport({ profile: 'http' });
 * transport.broker.failNextPublishes('unavailable', { times: 3 });
 * expect(transport.broker.published).toHaveLength(1);
 */
export function memoryTransport(options: MemoryTransportOptions = {}): MemoryTransport {
  return new MemoryTransport(options);
}
