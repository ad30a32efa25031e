import type { TransportCapabilities } from '../../core/transport/capabilities.js';
import type { Inspection } from '../../core/transport/inspection.js';
import type { TransportError } from '../../core/transport/transport-error.js';
import type {
  DeadLetterSpec,
  InspectionRequest,
  MessageSource,
  MqTransport,
  OutboundMessage,
  SendReceipt,
  SubscriptionSpec,
  Violation,
} from '../../core/transport/transport.js';
import { MemoryBroker } from './memory-broker.js';
import type { MemoryGroup } from './memory-group.js';
import { memoryCapabilities, type MemoryProfile } from './profile.js';
import type { MemoryTransportOptions } from './options.js';
import { MemorySource, RichMemorySource } from './source.js';
import { validateMessage } from './validate.js';

/** {@link memoryTransport} */
export class MemoryTransport implements MqTransport {
  readonly name: string;
  readonly identity = 'memory';
  readonly sendMs = 0;
  readonly capabilities: TransportCapabilities;
  /** Where a test looks at what was sent, and makes things fail. */
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
    return validateMessage(message, this.capabilities.limits, this.profile, this.broker.clock.now());
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

  async send(message: OutboundMessage, signal: AbortSignal): Promise<SendReceipt> {
    await this.broker.passage(signal);
    return { brokerMessageId: this.broker.accept(message).brokerMessageId };
  }

  subscribe({ topic, groupId, instanceId, ...wanted }: SubscriptionSpec): MessageSource {
    return this.sourceOf(this.broker.group(topic, groupId, instanceId), wanted);
  }

  async inspect({ topics, subscriptions }: InspectionRequest, signal: AbortSignal): Promise<Inspection> {
    const error = await this.broker.passage(signal).then(
      () => null,
      (reason: unknown) => reason as TransportError,
    );
    return {
      topics: topics.map(() => ({ error, takes: error ? null : (['normal', 'ordered', 'delayed'] as const) })),
      subscriptions: subscriptions.map(() => ({
        error,
        maxDeliveries: error ? null : this.capabilities.limits.maxDeliveries,
        ordered: null,
      })),
      untold: [],
    };
  }

  private readDeadLetters({ groupId, instanceId }: DeadLetterSpec): MessageSource {
    return this.sourceOf(this.broker.deadLetters(groupId, instanceId), { tags: null, ordered: false });
  }

  private sourceOf(group: MemoryGroup, wanted: Pick<SubscriptionSpec, 'tags' | 'ordered'>): MessageSource {
    const Source = this.profile === 'rich' ? RichMemorySource : MemorySource;
    return new Source(this.broker, group, wanted, this.capabilities);
  }
}
