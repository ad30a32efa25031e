/** Properties that carry the trace context of a message: plain and by these names, as the agents of other languages have them. */
export const TRACEPARENT = 'traceparent';
export const TRACESTATE = 'tracestate';

/**
 * Where a message comes from in a trace, as W3C Trace Context writes it. Beside a message, in the outbox and in the error table,
 * it is one JSON text, on the wire two properties.
 */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Version, trace, span and flags; ids of zeros mean none. */
const VALID_PARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;
/** The specification lets nobody rely on more than 512 characters. */
const VALID_STATE = /^[\u0020-\u007e]{1,512}$/;

/** Finds the context among the properties of a message of any producer. What is no valid context counts as none. */
export function traceContextOf(properties: Readonly<Record<string, unknown>>): TraceContext | null {
  const { [TRACEPARENT]: traceparent, [TRACESTATE]: tracestate } = properties;
  if (typeof traceparent !== 'string' || !VALID_PARENT.test(traceparent)) return null;
  return typeof tracestate === 'string' && VALID_STATE.test(tracestate) ? { traceparent, tracestate } : { traceparent };
}

/** As `trace` columns keep it. */
export function encodeTrace(context: TraceContext | null): string | null {
  return context === null ? null : JSON.stringify(context);
}

/** What a `trace` column holds, as properties; none if somebody has written something else there. */
export function traceProperties(trace: string): Record<string, string> {
  try {
    return { ...traceContextOf(JSON.parse(trace) as Record<string, unknown>) };
  } catch {
    return {};
  }
}
