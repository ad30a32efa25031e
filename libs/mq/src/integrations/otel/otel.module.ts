import { type DynamicModule, Module } from '@nestjs/common';
import { trace } from '@opentelemetry/api';
import type { MqTracing } from '../../core/tracing/tracer.js';
import { MQ_TRACING } from '../../nest/tokens.js';
import { ConnectionTracer } from './connection-tracer.js';
import type { MqOpenTelemetryOptions } from './options.js';

/** Messaging conventions that names and attributes of the spans follow. */
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.44.0';

/**
 * Traces every connection of the application: import it once, beside `MqModule`. It needs `@opentelemetry/api`, and records
 * nothing until an SDK is registered, which may be after this.
 *
 * @example
 * MqOpenTelemetryModule.forRoot({ traceMode: 'link' })
 */
@Module({})
export class MqOpenTelemetryModule {
  static forRoot({ traceMode = 'parent', tracerProvider }: MqOpenTelemetryOptions = {}): DynamicModule {
    if (traceMode !== 'parent' && traceMode !== 'link') {
      throw new TypeError(
        `MqOpenTelemetryModule.forRoot(): traceMode must be 'parent' or 'link', is ${JSON.stringify(traceMode)}`,
      );
    }
    const tracing: MqTracing = {
      tracerOf: (connection) => {
        const provider = tracerProvider ?? trace;
        const tracer = provider.getTracer('nestjs-reliable-mq', undefined, { schemaUrl: SCHEMA_URL });
        return new ConnectionTracer(tracer, traceMode, connection);
      },
    };
    return {
      module: MqOpenTelemetryModule,
      // MqModule finds it wherever each of them is imported.
      global: true,
      providers: [{ provide: MQ_TRACING, useValue: tracing }],
      exports: [MQ_TRACING],
    };
  }
}
