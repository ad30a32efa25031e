import type { EntityManager } from 'typeorm';
import type { DeliveryContext } from '../core/consumer/handlers/handler.js';
import type { MqMessage } from '../core/message/message.js';

/** Beside the class and not in it, so that a test may hand a handler any object with these properties. */
const deliveries = new WeakMap<MqContext, DeliveryContext<EntityManager>>();

/** What a handler is told about the delivery that it works on. A class, so that it may stand in decorated signatures. */
export class MqContext implements DeliveryContext<EntityManager> {
  /** The transaction that also holds the inbox row. With `inbox: false`: the data source's manager, without a transaction. */
  readonly manager: EntityManager;
  /** From 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** When the attempt times out. */
  readonly deadline: Date;
  readonly connection: string;
  /** The broker's id of this copy; in a batch, of its first message. Another copy of the same message has another one: deduplicate by `message.id`. */
  readonly brokerMessageId: string;

  constructor(fields: DeliveryContext<EntityManager>) {
    deliveries.set(this, fields);
    this.manager = fields.manager;
    this.attempt = fields.attempt;
    this.maxAttempts = fields.maxAttempts;
    this.deadline = fields.deadline;
    this.connection = fields.connection;
    this.brokerMessageId = fields.brokerMessageId;
  }

  /** Aborts at the deadline, and when the process gives up waiting at shutdown. */
  get signal(): AbortSignal {
    return deliveries.get(this)!.signal;
  }
}

/**
 * What a class under `@MqConsumer` looks like. Returning acknowledges; throwing retries by the group's policy;
 * `RetryLater` asks for a time, `PermanentError` parks at once, `Discard` ends it for good.
 */
export interface MqHandler<T = unknown> {
  handle(message: MqMessage<T>, context: MqContext): unknown;
}

/**
 * What a class under `@MqConsumer` with `batch` looks like. Returning acknowledges all of them; if it throws, everything is rolled back, and
 * each message comes again alone, as a list of one.
 */
export interface MqBatchHandler<T = unknown> {
  handle(messages: MqMessage<T>[], context: MqContext): unknown;
}
