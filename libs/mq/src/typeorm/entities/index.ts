export { getMqEntities, type MqEntities } from './get-mq-entities.js';
export { MqErrorLog } from './mq-error-log.js';
export { MqInbox } from './mq-inbox.js';
export { MqStatusLog } from './mq-status-log.js';
