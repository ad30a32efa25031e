import { context, type Link, propagation, SpanKind, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { eventually } from '../../../support/eventually.js';

/** The SDK as an application registers it, with everything that it records. Empty before each test. */
export class RecordedTraces {
  private readonly exporter = new InMemorySpanExporter();
  private readonly provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.exporter)] });

  constructor() {
    beforeAll(() => this.provider.register());
    beforeEach(() => this.exporter.reset());
    afterAll(async () => {
      await this.provider.shutdown();
      for (const api of [trace, context, propagation]) api.disable();
    });
  }

  /** Spans that have ended, by their full name or its first word. */
  named(name: string): ReadableSpan[] {
    return this.exporter.getFinishedSpans().filter((span) => span.name === name || span.name.split(' ')[0] === name);
  }

  /** Waits for so many spans of a name. */
  async ended(name: string, count = 1): Promise<ReadableSpan[]> {
    await eventually(() => this.named(name).length >= count, { what: `${count} spans '${name}'` });
    return this.named(name);
  }

  /** Runs `work` inside of a span, as a request would. */
  async inRequest<T>(work: () => Promise<T>): Promise<{ result: T; span: ReadableSpan }> {
    const result = await trace
      .getTracer('test')
      .startActiveSpan('POST /orders', { kind: SpanKind.SERVER }, (span) => work().finally(() => span.end()));
    return { result, span: this.named('POST').at(-1)! };
  }
}

export function linkedTo(span: { readonly links: readonly Link[] }): string[] {
  return span.links.map((link) => link.context.spanId);
}

export function idOf(span: ReadableSpan): string {
  return span.spanContext().spanId;
}

export function traceOf(span: ReadableSpan): string {
  return span.spanContext().traceId;
}
