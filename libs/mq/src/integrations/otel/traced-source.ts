import { ROOT_CONTEXT } from '@opentelemetry/api';
import { systemClock } from '../../core/runtime/system-clock.js';
import type {
  Delivery,
  MessageSource,
  ReceiveRequest,
  Settlement,
  SubscriptionSpec,
} from '../../core/transport/transport.js';
import { batchAttributes, subscriptionAttributes } from './attributes.js';
import type { StartClientSpan } from './start-client-span.js';
import { linksTo } from './w3c-context.js';

/** The messages of one subscription, whose polls and acknowledgements are spans. */
export class TracedSource implements MessageSource {
  readonly retryIn?: NonNullable<MessageSource['retryIn']>;
  readonly extend?: NonNullable<MessageSource['extend']>;
  readonly rest?: NonNullable<MessageSource['rest']>;

  constructor(
    private readonly inner: MessageSource,
    private readonly spec: Pick<SubscriptionSpec, 'topic' | 'groupId' | 'instanceId'>,
    private readonly start: StartClientSpan,
  ) {
    if (inner.retryIn) this.retryIn = inner.retryIn.bind(inner);
    if (inner.extend) this.extend = inner.extend.bind(inner);
    if (inner.rest) this.rest = inner.rest.bind(inner);
  }

  /** A poll that brings nothing is no span: one is under way all the time. So the span is made afterwards, with the time at which it began. */
  async receive(request: ReceiveRequest, signal: AbortSignal): Promise<Delivery[]> {
    const startTime = systemClock.now();
    const deliveries = await this.inner.receive(request, signal);
    if (deliveries.length > 0) this.start('receive', this.spec.topic, { startTime, ...this.about(deliveries) }).end();
    return deliveries;
  }

  async ack(deliveries: readonly Delivery[], signal: AbortSignal): Promise<Settlement[]> {
    const span = this.start('ack', this.spec.topic, this.about(deliveries));
    try {
      const settlements = await span.run(ROOT_CONTEXT, () => this.inner.ack(deliveries, signal));
      const failed = settlements.find((settlement) => settlement !== 'done');
      if (failed) span.failed(new Error(`not every acknowledgement was confirmed: ${failed}`), failed);
      return settlements;
    } catch (error) {
      span.failed(error);
      throw error;
    } finally {
      span.end();
    }
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  private about(deliveries: readonly Delivery[]): Pick<Parameters<StartClientSpan>[2], 'attributes' | 'links'> {
    const messages = deliveries.map(({ message }) => message);
    return {
      attributes: { ...subscriptionAttributes(this.spec), ...batchAttributes(messages) },
      links: linksTo(messages),
    };
  }
}
