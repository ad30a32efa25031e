import type { MqError } from '../errors/mq-error.js';
import type { Duration } from '../runtime/duration.js';

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
