import type { EntityManager } from 'typeorm';
import type { MessageTo, MessageToTopic, MqTopicRef } from '../../core/message/topic.js';
import type { Publication, PublishOptionsOf, Receipt } from '../../core/publisher/publishing.js';

/** Where and how to publish. */
export type PublishOptions = PublishOptionsOf<EntityManager>;

/**
 * Publishes messages. Injectable; a class without private members, so that a literal object can stand in for it in tests.
 *
 * @example
 * await this.dataSource.transaction(async (manager) => {
 *   const order = await manager.save(Order, input);
 *   await this.mq.publish('orders', { tag: 'created', key: order.id, payload: order }, { manager });
 * }); // commit: the message leaves. rollback: it never existed.
 */
export abstract class MqProducerService {
  /**
   * Writes one message, or several of one topic, into the outbox, in the transaction that it joins: `options.manager`; else
   * the ambient one; else that of the delivery being handled. They leave by themselves after the commit.
   *
   * @throws {MqError} `MQ_TRANSACTION_REQUIRED`, `MQ_TRANSACTION_MISMATCH`, `MQ_TRANSACTION_CLOSED`, `MQ_UNKNOWN_TOPIC`,
   *   `MQ_PAYLOAD_TOO_LARGE`, `MQ_PAYLOAD_INVALID`, `MQ_MESSAGE_INVALID`; never because a broker is down
   */
  abstract publish<P = unknown, M = never>(
    topic: MqTopicRef<P, M>,
    message: MessageTo<NoInfer<P>, NoInfer<M>> | readonly MessageTo<NoInfer<P>, NoInfer<M>>[],
    options?: PublishOptions,
  ): Promise<Publication>;

  /** The same for several topics at once, in one statement. */
  abstract publishAll<const T extends readonly MqTopicRef[]>(
    messages: readonly [...{ [K in keyof T]: MessageToTopic<NoInfer<T[K]>> & { topic: T[K] } }],
    options?: PublishOptions,
  ): Promise<Publication>;

  /**
   * Hands a message straight to the broker: no record, no transaction, no second try. For what may get lost.
   * @throws {MqError} `MQ_BROKER_UNAVAILABLE`, `MQ_BROKER_AUTH`, `MQ_BROKER_THROTTLED`, `MQ_BROKER_REJECTED`, or
   *   `MQ_OUTCOME_UNKNOWN` when nobody can tell whether it arrived
   */
  abstract sendDirect<P = unknown, M = never>(
    topic: MqTopicRef<P, M>,
    message: MessageTo<NoInfer<P>, NoInfer<M>>,
  ): Promise<Receipt>;
}
