import { TransportError } from '../../core/transport/transport-error.js';
import type { TransportCapabilities } from '../../core/transport/capabilities.js';
import type {
  Delivery,
  MessageSource,
  ReceiveRequest,
  Settlement,
  SubscriptionSpec,
} from '../../core/transport/transport.js';
import type { MemoryBroker } from './memory-broker.js';
import type { GroupEntry, MemoryGroup } from './memory-group.js';

interface Handle {
  readonly entry: GroupEntry;
  readonly token: number;
}

/** What every profile of the memory broker can do; {@link RichMemorySource} adds the rest. */
export class MemorySource implements MessageSource {
  private closed = false;

  constructor(
    protected readonly broker: MemoryBroker,
    protected readonly group: MemoryGroup,
    private readonly wanted: Pick<SubscriptionSpec, 'tags' | 'ordered'>,
    private readonly capabilities: TransportCapabilities,
  ) {}

  async receive(request: ReceiveRequest, signal: AbortSignal): Promise<Delivery[]> {
    const { clock } = this.broker;
    const deadline = clock.monotonic() + request.waitMs;
    const { max, min, ordered } = this.capabilities.limits.leaseMs;
    const fixed = this.wanted.ordered ? ordered : max;
    const leaseMs = this.capabilities.chooseLease ? Math.min(max, Math.max(min, request.leaseMs)) : fixed;
    for (;;) {
      await this.broker.passage(signal);
      // Again, because from here to the wait nothing else runs: whoever takes the broker down wakes those who wait.
      this.broker.assertReachable(signal);
      if (this.closed) throw new TransportError('aborted', 'the subscription is closed');
      const taken = this.group.take({ ...this.wanted, max: request.max, leaseMs });
      const left = deadline - clock.monotonic();
      if (taken.length > 0 || left <= 0) return taken.map(toDelivery);
      await this.group.change(left, signal);
    }
  }

  async ack(deliveries: readonly Delivery[], signal: AbortSignal): Promise<Settlement[]> {
    if (!(await this.reached(signal)) || this.broker.losesAck()) return deliveries.map(() => 'unknown');
    return deliveries.map((delivery) => this.settle(delivery, (entry) => this.group.ack(entry, this.wanted.ordered)));
  }

  close(): Promise<void> {
    this.closed = true;
    this.group.wake();
    return Promise.resolve();
  }

  protected async reached(signal: AbortSignal): Promise<boolean> {
    return this.broker.passage(signal).then(
      () => true,
      () => false,
    );
  }

  protected settle(delivery: Delivery, settle: (entry: GroupEntry) => void): Settlement {
    const entry = this.held(delivery);
    if (entry) settle(entry);
    return entry ? 'done' : 'lease-lost';
  }

  protected held(delivery: Delivery): GroupEntry | null {
    const { entry, token } = delivery.handle as Handle;
    const held = entry.state === 'leased' && entry.token === token && entry.at > this.broker.clock.monotonic();
    return held ? entry : null;
  }
}

/** With a lease that can be prolonged, and a redelivery that can be asked for. */
export class RichMemorySource extends MemorySource {
  async retryIn(delivery: Delivery, ms: number, signal: AbortSignal): Promise<Settlement> {
    if (!(await this.reached(signal))) return 'unknown';
    return this.settle(delivery, (entry) => this.group.release(entry, ms));
  }

  async extend(delivery: Delivery, ms: number, signal: AbortSignal): Promise<Delivery | null> {
    await this.broker.passage(signal);
    const entry = this.held(delivery);
    return entry && toDelivery(this.group.extend(entry, ms));
  }
}

function toDelivery(entry: GroupEntry): Delivery {
  const { brokerMessageId, tag, key, body, properties, orderingKey, publishedAt, deadLetterOf } = entry.message;
  const handle: Handle = { entry, token: entry.token };
  return {
    message: {
      brokerMessageId,
      tag,
      key,
      body,
      properties,
      orderingKey,
      publishedAt,
      ...(deadLetterOf && { deadLetterOf }),
    },
    deliveryCount: entry.deliveries,
    leaseEndsAt: entry.at,
    handle,
  };
}
