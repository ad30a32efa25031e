import type { ResolvedOptions, ResolvedTopic } from '../config/resolved-options.js';
import { MqError } from '../errors/mq-error.js';
import type { MqEvents } from '../events/event-bus.js';
import { toOutbound } from '../message/outbound.js';
import { classifySendFailure, toMqError } from '../relay/failure.js';
import type { Relay } from '../relay/relay.js';
import { leaseDeadline } from '../relay/sender.js';
import type { Clock } from '../runtime/clock.js';
import { uuidV7 } from '../runtime/uuid-v7.js';
import type { LeasedRow, LeaseRequest, NewOutboxRow } from '../store/outbox-row.js';
import type { OutboxStore } from '../store/outbox-store.js';
import { buildRow } from './build-row.js';
import type { NewMessage, Publication, PublishOptionsOf, Receipt } from './new-message.js';
import { StagedPublication } from './publication.js';
import type { JoinedTransaction, TransactionContext, TransactionOutcome } from './transaction-context.js';

export interface PublisherDependencies<Tx> {
  readonly options: ResolvedOptions;
  readonly store: OutboxStore<Tx>;
  readonly transactions: TransactionContext<Tx>;
  readonly relay: Relay;
  readonly clock: Clock;
  readonly events: MqEvents;
}

/**
 * Puts messages into the outbox in the caller's transaction.
 *
 * The INSERT runs before `publish` resolves: nothing is kept for a hook that may never be called. Rows are born leased
 * by this process whenever it is about to send them itself after the commit, which saves the write of a claim and keeps
 * every relay away until then; while a circuit is open, or the broker must not have the message yet, they are born pending.
 */
export class Publisher<Tx> {
  constructor(private readonly deps: PublisherDependencies<Tx>) {}

  async publish(
    messages: readonly (NewMessage & { topic: string })[],
    options: PublishOptionsOf<Tx> = {},
  ): Promise<Publication> {
    const rows = messages.map((message) => this.build(message));
    if (options.transaction === 'own' && options.manager !== undefined) {
      throw new MqError(
        'MQ_MESSAGE_INVALID',
        "publish() got a manager and transaction: 'own', which contradict each other. Pass the manager to join its transaction, or 'own' to open one.",
      );
    }
    const { transactions } = this.deps;
    const joined = transactions.find(options.manager, options.transaction === 'own');
    if (joined) return this.stage(joined, rows);
    if (options.transaction !== 'own' && this.deps.options.requireTransaction) throw transactionRequired();
    return transactions.own((transaction) => this.stage(transaction, rows));
  }

  async sendDirect(topic: string, message: NewMessage): Promise<Receipt> {
    const row = this.checked({ ...message, topic });
    // Whatever the outbox would hold back until the broker can take it; there is no outbox here.
    if (!row.leased) throw tooFarAhead(topic, row.horizonMs);
    const deliverAt =
      row.deliver === null ? null : 'at' in row.deliver ? row.deliver.at : this.deps.clock.now() + row.deliver.inMs;
    try {
      const receipt = await this.deps.options.transport.publish(
        toOutbound(row, deliverAt),
        new AbortController().signal,
      );
      return { id: row.id, brokerMessageId: receipt.brokerMessageId };
    } catch (error) {
      throw toMqError(classifySendFailure(error));
    }
  }

  private checked({ topic, ...message }: NewMessage & { topic: string }): NewOutboxRow {
    return buildRow(this.deps.options, this.topic(topic), message, uuidV7(), this.deps.clock.now());
  }

  private build(message: NewMessage & { topic: string }): NewOutboxRow {
    const row = this.checked(message);
    return row.leased && !this.deps.relay.circuit.wouldAdmit(row.topic) ? { ...row, leased: false } : row;
  }

  private topic(alias: string): ResolvedTopic {
    const topic = this.deps.options.topics.get(alias);
    if (topic) return topic;
    const known = [...this.deps.options.topics.keys()].join(', ') || 'none';
    throw new MqError(
      'MQ_UNKNOWN_TOPIC',
      `publish('${alias}'): no topic is configured under this alias. Known: ${known}.`,
      {
        details: { topic: alias },
      },
    );
  }

  private async stage(transaction: JoinedTransaction<Tx>, rows: readonly NewOutboxRow[]): Promise<Publication> {
    const { store, relay, events, clock, options } = this.deps;
    const leased = rows.filter((row) => row.leased);
    const publication = new StagedPublication(
      rows.map(({ id, key, topicAlias }) => ({ id, key, topic: topicAlias })),
      leased.map(({ id }) => id),
      store,
      clock,
    );
    const lease = relay.newLease();
    const askedAt = clock.monotonic();
    // Before the INSERT, whose answer may come together with the end of a transaction that does not wait for it.
    let staged = false;
    let ended: TransactionOutcome | null = null;
    transaction.onEnd((outcome) => {
      ended = outcome;
      if (staged) end(outcome);
    });
    await store.stage(transaction.tx, rows, lease);
    staged = true;
    for (const [topic, count] of countByTopic(rows)) events.emit('message.published', { topic, count });
    if (ended !== null) end(ended);
    return publication;

    function end(outcome: TransactionOutcome): void {
      publication.ended(outcome);
      // Rolled back, or not committed by anybody yet: then the relay finds the rows if they ever come to be.
      if (outcome !== 'committed' && outcome !== 'unknown') return;
      if (leased.length > 0) {
        relay.immediate.announce({
          rows: leased.map((row) => asLeased(row, lease)),
          deadline: leaseDeadline(askedAt, options),
          // Bound and not a closure: one made here would keep `rows`, with their payloads, for as long as itself.
          onResult: publication.tell.bind(publication),
        });
      }
      if (leased.length < rows.length) relay.loop.wake();
    }
  }
}

/** The row as the database has it, but for what the database alone knows; the confirm read fills that in. */
function asLeased(row: NewOutboxRow, lease: LeaseRequest): LeasedRow {
  return { ...row, seq: '0', deliverAt: null, startedCount: 1, failedCount: 0, leaseToken: lease.token };
}

function countByTopic(rows: readonly NewOutboxRow[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { topicAlias } of rows) counts.set(topicAlias, (counts.get(topicAlias) ?? 0) + 1);
  return counts;
}

function transactionRequired(): MqError {
  return new MqError(
    'MQ_TRANSACTION_REQUIRED',
    'publish() found no transaction to join, so its message could be sent although your own writes fail, or the other way round. ' +
      'Pass the manager of your transaction, publish(topic, message, { manager }), call it in a @Transactional() method, ' +
      "or say { transaction: 'own' } if this message stands for itself.",
  );
}

function tooFarAhead(topic: string, horizonMs: number): MqError {
  return new MqError(
    'MQ_MESSAGE_INVALID',
    `sendDirect('${topic}'): the broker holds a message for at most ${Math.round(horizonMs / 1_000)} s. ` +
      'Use publish(), which keeps it in the outbox until then, or an earlier time.',
    { details: { topic, horizonMs } },
  );
}
