import type { TracerProvider } from '@opentelemetry/api';

export interface MqOpenTelemetryOptions {
  /**
   * How the span of a delivery stands to that of the request that published the message. `'parent'`: it is its child, so one
   * trace goes from the request to every handler. `'link'`: each delivery begins a trace of its own, with a link to the
   * request, for systems in which one request causes thousands of deliveries. Default `'parent'`.
   */
  traceMode?: 'parent' | 'link';
  /** Default: the global one, which the SDK registers. */
  tracerProvider?: TracerProvider;
}
