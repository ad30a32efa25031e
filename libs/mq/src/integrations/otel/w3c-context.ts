import { createTraceState, isSpanContextValid, type Link, type SpanContext } from '@opentelemetry/api';
import { traceContextOf, type TraceContext } from '../../core/message/trace-context.js';
import type { InboundMessage } from '../../core/transport/transport.js';

/**
 * A span's context as W3C Trace Context writes it; `null` where no SDK has made the span.
 *
 * Written here and not by the propagator that the application has registered: rows and messages outlive its configuration, and
 * are read by others.
 */
export function toTraceContext(context: SpanContext): TraceContext | null {
  if (!isSpanContextValid(context)) return null;
  const { traceId, spanId, traceFlags, traceState } = context;
  const flags = (traceFlags & 0xff).toString(16).padStart(2, '0');
  return traceContextOf({ traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: traceState?.serialize() });
}

/** The span that a message was made in, of whatever producer; `null` if it does not say. */
export function creatorOf({ properties }: Pick<InboundMessage, 'properties'>): SpanContext | null {
  const context = traceContextOf(properties);
  if (context === null) return null;
  const [, traceId, spanId, flags] = context.traceparent.split('-');
  return {
    traceId: traceId!,
    spanId: spanId!,
    traceFlags: Number.parseInt(flags!, 16),
    isRemote: true,
    ...(context.tracestate !== undefined && { traceState: createTraceState(context.tracestate) }),
  };
}

/** Links to the spans that messages were made in, each with the id of its message; none for those that do not say. */
export function linksTo(messages: readonly InboundMessage[]): Link[] {
  return messages.flatMap((message) => {
    const context = creatorOf(message);
    return context === null ? [] : [{ context, attributes: { 'messaging.message.id': message.brokerMessageId } }];
  });
}
