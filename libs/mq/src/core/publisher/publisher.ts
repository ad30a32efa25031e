import type { ResolvedOptions, ResolvedTopic } from '../config/resolved-options.js';
import { MqError } from '../errors/mq-error.js';
import type { MqEvents } from '../events/event-bus.js';
import type { NewMessage } from '../message/new-message.js';
import { aliasOf, type MessageTo, type MessageToTopic, type MqTopicRef, schemasOf } from '../message/topic.js';
import { toOutbound } from '../store/to-outbound.js';
import { leaseDeadline } from '../relay/lease.js';
import type { Relay } from '../relay/relay.js';
import { sendFailureOf, toMqError } from '../relay/send-result.js';
import type { Clock } from '../runtime/clock.js';
import { uuidV7 } from '../runtime/uuid-v7.js';
import type { NewOutboxRow } from '../store/outbox-row.js';
import type { OutboxStore } from '../store/outbox-store.js';
import type { MqTracer } from '../tracing/tracer.js';
import type { SendReceipt } from '../transport/transport.js';
import { asLeased, isKnown } from './as-leased.js';
import { buildRow, type PublishRequest, withTrace } from './build-row.js';
import type { Cause } from './correlation.js';
import { fitsSchema } from './fits-schema.js';
import type { Publication, PublishOptionsOf, Receipt } from './publishing.js';
import { StagedPublication } from './publication.js';
import { requirePublishOptions } from './require-publish-options.js';
import type { JoinedTransaction, TransactionContext, TransactionOutcome } from './transaction-context.js';

interface PublisherDependencies<Tx> {
  readonly options: ResolvedOptions;
  readonly store: OutboxStore<Tx>;
  readonly transactions: TransactionContext<Tx>;
  readonly relay: Relay;
  readonly clock: Clock;
  readonly events: MqEvents;
  readonly tracer: MqTracer | null;
  /** The message whose handler is running, in this asynchronous context. */
  readonly cause: () => Cause | null;
}

interface Addressed {
  readonly topic: MqTopicRef;
  readonly message: NewMessage;
}

/** Told of rows that were staged; what it answers is told how their transaction ended, and whether no savepoint of it was rolled back. */
export type PublishWatcher = (rows: readonly NewOutboxRow[]) => (outcome: TransactionOutcome, whole: boolean) => void;

/**
 * Puts messages into the outbox in the caller's transaction: the service that applications publish with.
 *
 * The INSERT runs before `publish` resolves: nothing is kept for a hook that may never be called. Rows are born leased
 * by this process whenever it is about to send them itself after the commit, which saves the write of a claim and keeps
 * every relay away until then; while a circuit is open or the topic is paused, or the broker must not have the message yet, they are
 * born pending.
 */
export class Publisher<Tx> {
  private watcher: PublishWatcher | null = null;
  /** Ordered topics that got a message without a key; said once. */
  private readonly unordered = new Set<string>();

  constructor(private readonly deps: PublisherDependencies<Tx>) {}

  async publish<P = unknown, M = never>(
    topic: MqTopicRef<P, M>,
    message: MessageTo<NoInfer<P>, NoInfer<M>> | readonly MessageTo<NoInfer<P>, NoInfer<M>>[],
    options?: PublishOptionsOf<Tx>,
  ): Promise<Publication> {
    const messages = Array.isArray(message) ? (message as readonly NewMessage[]) : [message as NewMessage];
    return this.publishEach(
      'publish',
      messages.map((one) => ({ topic, message: one })),
      options,
    );
  }

  async publishAll<const T extends readonly MqTopicRef[]>(
    messages: readonly [...{ [K in keyof T]: MessageToTopic<NoInfer<T[K]>> & { topic: T[K] } }],
    options?: PublishOptionsOf<Tx>,
  ): Promise<Publication> {
    const all = messages as readonly (NewMessage & { topic: MqTopicRef })[];
    return this.publishEach(
      'publishAll',
      all.map(({ topic, ...message }) => ({ topic, message })),
      options,
    );
  }

  private async publishEach(
    method: string,
    messages: readonly Addressed[],
    options: PublishOptionsOf<Tx> = {},
  ): Promise<Publication> {
    requirePublishOptions(method, options);
    const requests = messages.map((message, i) => this.request(message, method, i, messages.length));
    const rows = requests.map((request) => this.build(request));
    if (requests.some(({ schemas }) => schemas !== null)) await checkPayloads(requests, rows);
    const { transactions } = this.deps;
    const joined = transactions.find(options.manager, options.transaction === 'own');
    if (joined) return this.stage(joined, rows);
    if (options.transaction !== 'own' && this.deps.options.requireTransaction) throw transactionRequired();
    return transactions.own((transaction) => this.stage(transaction, rows));
  }

  /** For tests of applications: tells this one, and nobody else, what is published from now on. What was sent directly counts as committed. */
  watch(watcher: PublishWatcher): void {
    this.watcher = watcher;
  }

  async sendDirect<P = unknown, M = never>(
    topic: MqTopicRef<P, M>,
    message: MessageTo<NoInfer<P>, NoInfer<M>>,
  ): Promise<Receipt> {
    const request = this.request({ topic, message: message as NewMessage }, 'sendDirect');
    const row = this.checked(request);
    // Whatever the outbox would hold back until the broker can take it; there is no outbox here.
    if (!row.leased) throw tooFarAhead(row.topicAlias, row.horizonMs);
    await checkPayloads([request], [row]);
    const deliverAt =
      row.deliver === null ? null : 'at' in row.deliver ? row.deliver.at : this.deps.clock.now() + row.deliver.inMs;
    const { tracer } = this.deps;
    try {
      const receipt = await (tracer === null ? this.sendNow(row, deliverAt) : this.traceSend(tracer, row, deliverAt));
      this.watcher?.([row])('committed', true);
      return { id: row.id, brokerMessageId: receipt.brokerMessageId };
    } catch (error) {
      throw toMqError(sendFailureOf(error));
    }
  }

  private sendNow(row: NewOutboxRow, deliverAt: number | null): Promise<SendReceipt> {
    return this.deps.options.transport.send(toOutbound(row, deliverAt), new AbortController().signal);
  }

  private request({ topic: ref, message }: Addressed, method: string, index = 0, count = 1): PublishRequest {
    const alias = aliasOf(ref);
    const call = `${method}('${alias}')${count === 1 ? '' : `, message ${index + 1} of ${count}`}`;
    const topic = this.topic(alias, call);
    if (typeof message !== 'object' || message === null)
      throw new MqError('MQ_MESSAGE_INVALID', `${call}: a message is an object, like { payload: … }.`, {
        details: { topic: alias },
      });
    return { topic, message, schemas: schemasOf(ref), cause: this.deps.cause(), call };
  }

  private checked(request: PublishRequest): NewOutboxRow {
    const row = buildRow(this.deps.options, request, uuidV7(), this.deps.clock.now());
    if (request.topic.ordered && row.orderingKey === null) this.tellUnordered(row.topicAlias);
    return row;
  }

  private tellUnordered(topic: string): void {
    if (this.unordered.has(topic)) return;
    this.unordered.add(topic);
    this.deps.events.emit('message.unordered', { topic });
  }

  private build(request: PublishRequest): NewOutboxRow {
    const row = this.checked(request);
    const { circuit, lanes } = this.deps.relay;
    return row.leased && (lanes.isPaused(row) || !circuit.wouldAdmit(row.topic)) ? { ...row, leased: false } : row;
  }

  private topic(alias: string, call: string): ResolvedTopic {
    const topic = this.deps.options.topics.get(alias);
    if (topic) return topic;
    const known = [...this.deps.options.topics.keys()].join(', ') || 'none';
    throw new MqError('MQ_UNKNOWN_TOPIC', `${call}: no topic is configured under this alias. Known: ${known}.`, {
      details: { topic: alias },
    });
  }

  private stage(transaction: JoinedTransaction<Tx>, rows: readonly NewOutboxRow[]): Promise<Publication> {
    const { tracer } = this.deps;
    return tracer === null ? this.insert(transaction, rows) : this.traceInsert(tracer, transaction, rows);
  }

  // Closures have methods of their own here: V8 makes room for what they capture on each call, whether they are made or not.

  private traceInsert(
    tracer: MqTracer,
    transaction: JoinedTransaction<Tx>,
    rows: readonly NewOutboxRow[],
  ): Promise<Publication> {
    return this.trace(tracer, rows, (traced) => this.insert(transaction, traced));
  }

  private traceSend(tracer: MqTracer, row: NewOutboxRow, deliverAt: number | null): Promise<SendReceipt> {
    return this.trace(tracer, [row], ([traced]) => this.sendNow(traced!, deliverAt));
  }

  /** Each message is a span that lasts as long as `work`, which gets the rows with the contexts of these spans. */
  private async trace<T>(
    tracer: MqTracer,
    rows: readonly NewOutboxRow[],
    work: (rows: readonly NewOutboxRow[]) => Promise<T>,
  ): Promise<T> {
    const { options, clock } = this.deps;
    const now = clock.now();
    const spans = rows.map((row) => tracer.create(row));
    try {
      const result = await work(rows.map((row, i) => withTrace(options, row, spans[i]!.trace, now)));
      for (const span of spans) span.end();
      return result;
    } catch (error) {
      for (const span of spans) span.end(error);
      throw error;
    }
  }

  private async insert(transaction: JoinedTransaction<Tx>, rows: readonly NewOutboxRow[]): Promise<Publication> {
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
    let whole = true;
    transaction.onEnd((outcome, partly = false) => {
      ended = outcome;
      whole = !partly;
      if (staged) end(outcome);
    });
    const inserted = await store.stage(transaction.tx, rows, lease);
    staged = true;
    const watched = this.watcher?.(rows);
    for (const [topic, count] of countByTopic(rows)) events.emit('message.published', { topic, count });
    if (ended !== null) end(ended);
    return publication;

    function end(told: TransactionOutcome): void {
      // A proof is one for rows that the database has counted.
      const outcome = told === 'proven' && !inserted ? 'committed' : told;
      publication.ended(outcome);
      watched?.(outcome, whole);
      // Rolled back, or not committed by anybody yet: then the relay finds the rows if they ever come to be.
      if (outcome === 'rolled-back' || outcome === 'left-open') return;
      if (leased.length > 0) {
        relay.immediate.announce({
          rows: leased.map((row) => asLeased(row, lease)),
          deadline: leaseDeadline(askedAt, options),
          isWhole: outcome === 'proven' || (outcome === 'committed' && whole),
          isProven: outcome === 'proven' && leased.every(isKnown),
          // Bound and not a closure: one made here would keep `rows`, with their payloads, for as long as itself.
          onResult: publication.tell.bind(publication),
        });
      }
      if (leased.length < rows.length) relay.loop.wake();
    }
  }
}

/** Before a transaction is looked for: a schema may take its time, and the transaction may end meanwhile. */
function checkPayloads(requests: readonly PublishRequest[], rows: readonly NewOutboxRow[]): Promise<unknown> {
  return Promise.all(requests.map((request, i) => fitsSchema(request, rows[i]!)));
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
