export { MqPrometheusModule } from './mq-prometheus.module.js';
export type { MqPrometheusOptions } from './prometheus-options.js';
