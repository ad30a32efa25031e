// The one entry that needs @opentelemetry/api.
export { MqOpenTelemetryModule } from './otel.module.js';
export type { MqOpenTelemetryOptions } from './options.js';
