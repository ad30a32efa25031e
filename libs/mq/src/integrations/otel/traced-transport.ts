import { ROOT_CONTEXT } from '@opentelemetry/api';
import { meaningOf } from '../../core/retry/failure-table.js';
import { TransportError } from '../../core/transport/transport-error.js';
import type {
  MessageSource,
  MqTransport,
  OutboundMessage,
  SendReceipt,
  SubscriptionSpec,
  Violation,
} from '../../core/transport/transport.js';
import { deadLetterTopic, sentAttributes } from './attributes.js';
import type { StartClientSpan } from './start-client-span.js';
import { TracedSource } from './traced-source.js';
import { creatorOf } from './w3c-context.js';

/** What is told of a broker's own code: it becomes the value of a metric label, and comes from outside. */
const PLAIN_CODE = /^[\w .-]{1,64}$/;

/** A transport whose sends are spans. It adds nothing else: whoever has it has the transport. */
export class TracedTransport implements MqTransport {
  readonly deadLetters?: NonNullable<MqTransport['deadLetters']>;
  readonly inspect?: NonNullable<MqTransport['inspect']>;

  constructor(
    private readonly inner: MqTransport,
    private readonly start: StartClientSpan,
  ) {
    if (inner.inspect) this.inspect = inner.inspect.bind(inner);
    if (!inner.deadLetters) return;
    this.deadLetters = (spec) =>
      new TracedSource(inner.deadLetters!(spec), { topic: deadLetterTopic(spec), ...spec }, start);
  }

  get name(): string {
    return this.inner.name;
  }

  get identity(): string {
    return this.inner.identity;
  }

  get namespace(): string {
    return this.inner.namespace ?? '';
  }

  get capabilities(): MqTransport['capabilities'] {
    return this.inner.capabilities;
  }

  get sendMs(): number {
    return this.inner.sendMs;
  }

  problems(): Violation[] {
    return this.inner.problems();
  }

  warnings(): string[] {
    return this.inner.warnings?.() ?? [];
  }

  validateMessage(message: OutboundMessage): Violation[] {
    return this.inner.validateMessage(message);
  }

  validateSubscription(spec: SubscriptionSpec): Violation[] {
    return this.inner.validateSubscription(spec);
  }

  connect(): Promise<void> {
    return this.inner.connect();
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  async send(message: OutboundMessage, signal: AbortSignal): Promise<SendReceipt> {
    const creator = creatorOf(message);
    const span = this.start('send', message.topic, {
      attributes: sentAttributes(message),
      links: creator === null ? [] : [{ context: creator }],
    });
    try {
      const receipt = await span.run(ROOT_CONTEXT, () => this.inner.send(message, signal));
      span.set({ 'messaging.message.id': receipt.brokerMessageId });
      return receipt;
    } catch (error) {
      span.failed(error, failureType(error));
      throw error;
    } finally {
      span.end();
    }
  }

  subscribe(spec: SubscriptionSpec): MessageSource {
    return new TracedSource(this.inner.subscribe(spec), spec, this.start);
  }
}

/** The broker's own code, which the conventions ask for; without one, ours. */
function failureType(error: unknown): string {
  const said = error instanceof TransportError ? error.brokerCode : undefined;
  return said !== undefined && PLAIN_CODE.test(said) ? said : meaningOf(error).send.code;
}
