import {
  type Attributes,
  context,
  createContextKey,
  ROOT_CONTEXT,
  SpanKind,
  type SpanOptions,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { MqError } from '../../core/errors/mq-error.js';
import type { MqEventMap, MqEventName } from '../../core/events/event-map.js';
import { encodeTrace } from '../../core/message/trace-context.js';
import type { NewOutboxRow } from '../../core/store/outbox-row.js';
import type { CreatedSpan, MqTracer, TracedConnection, TracedDelivery } from '../../core/tracing/tracer.js';
import type { MqTransport } from '../../core/transport/transport.js';
import {
  createdAttributes,
  type Operation,
  operationAttributes,
  receivedAttributes,
  subscriptionAttributes,
} from './attributes.js';
import { GuardedSpan } from './guarded-span.js';
import type { MqOpenTelemetryOptions } from './options.js';
import { TracedTransport } from './traced-transport.js';
import { creatorOf, linksTo, toTraceContext } from './w3c-context.js';

/** Where the span of the delivery stands that a piece of code works on. */
const DELIVERY = createContextKey('nestjs-reliable-mq delivery');

/** A span of a delivery, and whether somebody has said how it ended. */
interface DeliverySpan {
  readonly span: GuardedSpan;
  isTold: boolean;
}

/**
 * Spans of one connection. `create` and `process` are in the trace of the request that published the message; `send`, `receive`
 * and `ack` belong to loops that serve many requests, so each begins a trace of its own, with links to the `create` spans.
 */
export class ConnectionTracer implements MqTracer {
  readonly transport: MqTransport;
  private readonly common: Attributes;

  constructor(
    private readonly tracer: Tracer,
    private readonly traceMode: NonNullable<MqOpenTelemetryOptions['traceMode']>,
    { name, instance, events, transport }: TracedConnection,
  ) {
    this.common = {
      'messaging.client.id': instance,
      // Required also where it is the default one, which has no name. Topics with an instance of their own say so.
      'messaging.rocketmq.namespace': transport.namespace ?? '',
      'mq.connection': name,
    };
    this.transport = new TracedTransport(transport, (operation, destination, options) =>
      this.start(operation, destination, { kind: SpanKind.CLIENT, ...options }, ROOT_CONTEXT),
    );
    const on = <E extends MqEventName>(event: E, tell: (span: GuardedSpan, what: MqEventMap[E]) => void): void => {
      events.on(event, (what) => {
        const delivery = context.active().getValue(DELIVERY) as DeliverySpan | undefined;
        if (!delivery) return;
        delivery.isTold = true;
        tell(delivery.span, what);
      });
    };
    on('delivery.handled', (span, { attempt }) => ended(span, 'handled', attempt));
    on('delivery.duplicate', (span, { attempt }) => {
      ended(span, 'duplicate', attempt);
      span.set({ 'mq.inbox.duplicate': true });
    });
    on('delivery.discarded', (span, { attempt }) => ended(span, 'discarded', attempt));
    on('delivery.skipped', (span, { attempt }) => ended(span, 'skipped', attempt));
    on('delivery.released', (span, { attempt, reason }) => {
      ended(span, 'released', attempt);
      span.set({ 'mq.delivery.release_reason': reason });
      if (reason === 'database') span.failed(databaseFailed());
    });
    on('delivery.unbatched', (span, { attempt, batch, reason, error }) => {
      ended(span, 'unbatched', attempt);
      span.set({ 'mq.batch.message_count': batch, 'mq.batch.unbatched_reason': reason });
      if (error) span.failed(error.cause, error.code);
    });
    on('delivery.failed', (span, { attempt, error }) => {
      ended(span, 'failed', attempt);
      span.failed(error.cause, error.code);
    });
    on('delivery.parked', (span, { attempt, error }) => {
      ended(span, 'parked', attempt);
      span.failed(error.cause, error.code);
    });
  }

  create(row: NewOutboxRow): CreatedSpan {
    const attributes = createdAttributes(row);
    const options = { kind: SpanKind.PRODUCER, attributes };
    const span = this.start('create', row.topic, options, context.active());
    return {
      trace: encodeTrace(toTraceContext(span.context)),
      end: (error) => {
        if (error !== undefined) span.failed(error);
        span.end();
      },
    };
  }

  async process<T>({ message, id, spec }: TracedDelivery, work: () => Promise<T>): Promise<T> {
    const creator = creatorOf(message);
    const options: SpanOptions = {
      kind: SpanKind.CONSUMER,
      links: linksTo([message]),
      attributes: { ...subscriptionAttributes(spec), ...receivedAttributes(message), 'mq.message.id': id },
    };
    const isChild = creator !== null && this.traceMode === 'parent';
    const parent = isChild ? trace.setSpanContext(ROOT_CONTEXT, creator) : ROOT_CONTEXT;
    const delivery: DeliverySpan = { span: this.start('process', spec.topic, options, parent), isTold: false };
    try {
      return await delivery.span.run(ROOT_CONTEXT.setValue(DELIVERY, delivery), work);
    } finally {
      // Of a delivery that waits in memory for the database nothing is told.
      if (!delivery.isTold) delivery.span.failed(databaseFailed());
      delivery.span.end();
    }
  }

  private start(
    operation: Operation,
    destination: string,
    options: SpanOptions,
    parent: typeof ROOT_CONTEXT,
  ): GuardedSpan {
    const attributes = { ...this.common, ...operationAttributes(operation), ...options.attributes };
    return GuardedSpan.start(this.tracer, `${operation} ${destination}`, { ...options, attributes }, parent);
  }
}

function ended(span: GuardedSpan, outcome: string, attempt: number): void {
  span.set({ 'mq.delivery.outcome': outcome, 'mq.delivery.attempt': attempt });
}

function databaseFailed(): MqError {
  return new MqError('MQ_DATABASE_UNAVAILABLE', 'the database failed before the handler ran; the delivery comes again');
}
