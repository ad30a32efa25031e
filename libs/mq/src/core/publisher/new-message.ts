import type { MqError } from '../errors/mq-error.js';
import type { Duration } from '../runtime/duration.js';

declare const PAYLOAD: unique symbol;

/** Alias of a topic. A plain string works; {@link defineTopic} makes one that carries the type of its payload. */
export type MqTopic<P = unknown> = string & { readonly [PAYLOAD]?: P };

/**
 * A topic's alias with the type of its payload, checked wherever it is used to publish.
 *
 * @example
 * const Orders = defineTopic<OrderCreated>('orders');
 * await mq.publish(Orders, { payload: { id, sku, quantity } }, { manager });
 */
export function defineTopic<P>(alias: string): MqTopic<P> {
  return alias as MqTopic<P>;
}

export interface NewMessage<T = unknown> {
  payload: T;
  /** What consumers filter by, without the environment's suffix. */
  tag?: string;
  /** What people look the message up by. Default: its id. */
  key?: string | number | bigint;
  headers?: Record<string, string>;
  /** When the broker shall deliver. Not together with `delay`. */
  deliverAt?: Date;
  /** How long after this call the broker shall deliver, on the database's clock; for `sendDirect()` on this process's. Not together with `deliverAt`. */
  delay?: Duration;
  /** Messages with the same one reach the broker in the order of their commits. Needs a topic with `ordered: true`. */
  orderingKey?: string | number | bigint;
}

/** @typeParam Tx a handle of a transaction, e.g. TypeORM's `EntityManager` */
export interface PublishOptionsOf<Tx> {
  /** The transaction to publish in. */
  manager?: Tx;
  /** `'own'`: open a transaction for this call alone, if there is none to join. */
  transaction?: 'own';
}

/** What `publish()` answers: the messages are in the outbox, in a transaction that may still fail. */
export interface Publication {
  readonly messages: readonly { id: string; key: string; topic: string }[];
  /**
   * After the commit: waits until what has not left yet was sent or failed, and tells what became of each message. Nobody has to
   * call it, messages leave by themselves. It does not fail because a broker is down: such a message is `pending`.
   *
   * @throws {MqError} `MQ_TRANSACTION_OPEN` before the transaction has ended, `MQ_TRANSACTION_ROLLED_BACK` when it was rolled back
   */
  sent(options?: { timeout?: Duration; signal?: AbortSignal }): Promise<SendOutcome[]>;
}

export type SendOutcome = { id: string; key: string } & (
  | { status: 'sent'; brokerMessageId: string }
  /** Safe: it will be sent. */
  | { status: 'pending'; error?: MqError; nextAttemptAt: Date }
  | { status: 'dead'; error: MqError }
  | { status: 'cancelled' }
);

/** What `sendDirect()` answers. */
export interface Receipt {
  id: string;
  brokerMessageId: string;
}
