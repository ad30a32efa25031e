export { MqHealthIndicator, type MqIndication, type MqReadinessOptions } from './mq-health-indicator.js';
