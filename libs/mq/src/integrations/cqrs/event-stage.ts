import { MqError } from '../../core/errors/mq-error.js';
import type { NewMessage } from '../../core/message/new-message.js';
import type { MqTopicRef } from '../../core/message/topic.js';
import type { MqRuntime } from '../../nest/mq-runtime.js';
import type { MqProducerService } from '../../nest/services/mq-producer.service.js';
import { EventTransaction } from './in-transaction.js';
import { messageOf } from './message-of.js';
import { outboxesOf } from './outbox.decorator.js';

/** A connection that events are staged on. */
export interface Connection {
  readonly runtime: MqRuntime;
  /** Whatever stands behind its token: a test may have put something there. */
  readonly producer: MqProducerService;
}

/** Messages on their way into the outbox. */
export interface Staging {
  readonly done: Promise<unknown>;
  /** Whether a commit waits for all of it, and fails with it. */
  readonly isHeld: boolean;
}

interface Staged {
  readonly topic: MqTopicRef;
  readonly message: NewMessage;
}

/**
 * Stages what is marked among events, in the transaction in which they are published.
 *
 * Nobody has to await `EventBus.publish()`, so what can be known at once is thrown at once, into whoever publishes; and what fails later fails
 * the commit of the transaction, which waits for it.
 */
export class EventStage {
  constructor(private readonly connectionOf: (name: string) => Connection | undefined) {}

  /**
   * @returns `null` if none of them is marked
   * @throws {MqError} `MQ_TRANSACTION_REQUIRED` and the like, `MQ_UNKNOWN_CONNECTION`
   */
  stage(events: readonly unknown[], context: unknown): Staging | null {
    const messages = new Map<string, Staged[]>();
    const names = new Set<string>();
    for (const event of events) {
      for (const outbox of outboxesOf(event)) {
        const list = messages.get(outbox.connection) ?? [];
        messages.set(outbox.connection, [
          ...list,
          { topic: outbox.topic, message: messageOf(event as object, outbox) },
        ]);
        names.add((event as object).constructor.name);
      }
    }
    if (messages.size === 0) return null;
    const what = [...names].join(', ');
    const all = [...messages].map(([connection, list]) => this.stageOn(connection, list, context, what));
    return { done: Promise.all(all.map(({ done }) => done)), isHeld: all.every(({ isHeld }) => isHeld) };
  }

  private stageOn(name: string, messages: readonly Staged[], context: unknown, what: string): Staging {
    const { runtime, producer } = this.connectionOf(name) ?? unknownConnection(name, what);
    const joined = runtime.transactions.find(context instanceof EventTransaction ? context.manager : undefined);
    if (!joined && runtime.options.requireTransaction) throw transactionRequired(what);
    const options = joined ? { manager: joined.tx } : ({ transaction: 'own' } as const);
    const [{ topic, message } = messages[0]!] = messages;
    // A producer that a test has put in its place may answer anything.
    const done = Promise.resolve(
      messages.length === 1
        ? producer.publish(topic, message, options)
        : producer.publishAll(
            messages.map((one) => ({ ...one.message, topic: one.topic })),
            options,
          ),
    );
    joined?.holdCommit?.(done);
    return { done, isHeld: joined?.holdCommit !== undefined };
  }
}

function unknownConnection(connection: string, what: string): never {
  throw new MqError(
    'MQ_UNKNOWN_CONNECTION',
    `@Outbox() above ${what} names the connection '${connection}', but no MqModule has that name. Correct the name, or import that MqModule.`,
    { details: { connection, events: what } },
  );
}

function transactionRequired(what: string): MqError {
  return new MqError(
    'MQ_TRANSACTION_REQUIRED',
    `EventBus.publish() found no transaction to join for ${what}, whose class is marked with @Outbox(), so its message could be sent although ` +
      'your own writes fail. Publish it in a @Transactional() method or a handler of messages, or pass inTransaction(manager) beside the event.',
    { details: { events: what } },
  );
}
