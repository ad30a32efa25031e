// The one entry that needs @nestjs/cqrs.
export { type EventTransaction, inTransaction } from './in-transaction.js';
export { MqCqrsModule } from './mq-cqrs.module.js';
export { Outbox, type OutboxOptions } from './outbox.decorator.js';
