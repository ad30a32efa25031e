// The one entry that needs @nestjs/microservices.
export type { MqEventOptions } from './event-handler.js';
export { MqEventContext } from './mq-event-context.js';
export { MQ_TRANSPORT, MqServer } from './mq-server.js';
