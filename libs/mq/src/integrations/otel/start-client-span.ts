import type { SpanOptions } from '@opentelemetry/api';
import type { Operation } from './attributes.js';
import type { GuardedSpan } from './guarded-span.js';

/** Begins the span of one call to the broker. */
export type StartClientSpan = (operation: Operation, destination: string, options: SpanOptions) => GuardedSpan;
