import {
  type Attributes,
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  type Span,
  type SpanContext,
  type SpanOptions,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { describeError } from '../../core/errors/describe-error.js';
import { codeOf } from '../../core/errors/mq-error.js';

const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** A span whose tracer may do what it likes: samplers and processors are code of the user, and no message is lost to what they throw. */
export class GuardedSpan {
  private ended = false;

  static start(tracer: Tracer, name: string, options: SpanOptions, parent: Context): GuardedSpan {
    let span = NO_SPAN;
    guard(() => (span = tracer.startSpan(name, options, parent)));
    return new GuardedSpan(span);
  }

  private constructor(private readonly span: Span) {}

  /** Invalid where nobody records. */
  get context(): SpanContext {
    let context = INVALID_SPAN_CONTEXT;
    guard(() => (context = this.span.spanContext()));
    return context;
  }

  /** Calls `work` with this span as the active one, on top of `base`. */
  run<T>(base: Context, work: () => T): T {
    return context.with(trace.setSpan(base, this.span), work);
  }

  set(attributes: Attributes): void {
    if (!this.ended) guard(() => this.span.setAttributes(attributes));
  }

  /** @param type of the failure, one of few. Default: the error's code, if it is one of ours, else its class. */
  failed(error: unknown, type?: string): void {
    if (this.ended) return;
    const { name, message, stack } = describeError(error);
    guard(() => {
      this.span.setAttribute('error.type', type ?? codeOf(error) ?? name);
      this.span.setStatus({ code: SpanStatusCode.ERROR, message });
      this.span.recordException({ name, message, ...(stack !== null && { stack }) });
    });
  }

  end(): void {
    this.ended = true;
    guard(() => this.span.end());
  }
}

function guard(call: () => void): void {
  try {
    call();
  } catch {
    // Tracing is the user's, and so is the mistake; there is nobody here to tell it to.
  }
}
