import type { MqMessage } from '../message/message.js';

/** One handler as discovery found it, ready to be called. */
export interface RegisteredHandler<Handle = unknown> {
  /** Aliases. */
  readonly topic: string;
  readonly group: string;
  /** Tags it takes, without suffix; `null` takes what no other handler of its group names. */
  readonly tags: readonly string[] | null;
  /** `OrdersConsumer.onOrder`, for people. */
  readonly name: string;
  /** Stands for the class. Found twice (a provider of two modules), it is one handler; two classes of one name are not. */
  readonly owner?: unknown;
  invoke(message: MqMessage, context: DeliveryContext<Handle>): Promise<unknown>;
}

/** What a handler is told about the delivery that it works on. */
export interface DeliveryContext<Handle = unknown> {
  /** The transaction that also holds the inbox row; without an inbox, a handle without transaction. */
  readonly manager: Handle;
  /** From 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** When the attempt times out. */
  readonly deadline: Date;
  /** Aborts at the deadline and when the process gives up waiting at shutdown. */
  readonly signal: AbortSignal;
  readonly connection: string;
  readonly brokerMessageId: string;
}
