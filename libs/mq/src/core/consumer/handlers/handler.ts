import type { MqMessage } from '../../message/message.js';
import type { TopicSchemas } from '../../message/topic.js';
import type { BatchPolicy } from './batch-policy.js';

/** What a handler is called with: a message, or a list of them if it handles batches, also of one alone. */
export type HandlerInput = MqMessage | MqMessage[];

/** Handler method as discovery found it, ready to be called. */
export interface RegisteredHandler<Handle = unknown> {
  /** Aliases. */
  readonly topic: string;
  readonly group: string;
  /** Tags that it takes, without suffix; `null` takes all that no other handler of its group names. */
  readonly tags: readonly string[] | null;
  /** What its payloads must fit. Default: nothing. */
  readonly schemas?: TopicSchemas | null;
  /** Whether it handles batches, and which. Default: one message after another. */
  readonly batch?: BatchPolicy | null;
  /** For error messages and log lines, e.g. `OrdersConsumer.onOrder`. */
  readonly name: string;
  /** Identity of the class. Found twice (a provider of two modules) it is one handler; two classes of one name are two. */
  readonly owner?: unknown;
  invoke(input: HandlerInput, context: DeliveryContext<Handle>): Promise<unknown>;
}

/** What a handler gets besides the message. */
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
  /** Of a batch: that of its first message. */
  readonly brokerMessageId: string;
}
