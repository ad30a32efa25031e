import type { INestApplicationContext } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MqError } from '../../core/errors/mq-error.js';
import type { MqEventMap, MqEventName } from '../../core/events/event-map.js';
import { aliasOf, type MessageTo, type MqTopicRef } from '../../core/message/topic.js';
import { type Duration, parseDuration } from '../../core/runtime/duration.js';
import { Deadline } from '../../core/runtime/deadline.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { MqTransport } from '../../core/transport/transport.js';
import type { TransportError, TransportErrorKind } from '../../core/transport/transport-error.js';
import type { MqRuntime } from '../../nest/mq-runtime.js';
import { DEFAULT_CONNECTION, getMqRuntimeToken, getMqTransportToken } from '../../nest/tokens.js';
import type { MemoryBroker } from '../../transports/memory/memory-broker.js';
import { deliverOnce, type DeliveredMessage, type DeliveryVerdict } from './deliver-once.js';
import { type EventFilter, EventHistory } from './event-history.js';
import { HandlerFaults } from './handler-faults.js';
import { type PublishedMessage, PublishedMessages } from './published-messages.js';
import { requireGroup, requireTopic } from './require-name.js';
import { getTestWorldToken, type TestWorld } from './test-world.js';
import { MOST_ROWS, type UnfinishedRows, type Unsettled, unsettledDeliveries, unsettledRows } from './unsettled.js';

const TIMEOUT = '5s';
const LOOK_EVERY_MS = 20;
const UNFINISHED = ['PENDING', 'SENDING', 'ACCEPTED'] as const;

/** What became of a delivery, and what its handler has published. */
export interface DeliveryResult extends DeliveryVerdict {
  /** In this attempt, in order; nothing if it was rolled back. */
  readonly published: readonly PublishedMessage[];
}

interface FailOptions {
  /** How often. Default 1. */
  readonly times?: number;
}
interface SendFailure extends FailOptions {
  /** Default `'unavailable'`. */
  readonly error?: TransportErrorKind | TransportError;
  /** The broker takes the message all the same, as when only its answer is lost. */
  readonly stored?: boolean;
}
interface HandlerFailure extends FailOptions {
  /** What is thrown. Default: an `Error`. */
  readonly error?: unknown;
  /** Whose handlers; those of all topics and groups unless given. */
  readonly topic?: MqTopicRef;
  readonly group?: string;
}

const kits = new WeakMap<MqRuntime, MqTesting>();

/**
 * What a test does with an application: waits for what happens, looks at what was published, runs handlers, lets things fail.
 *
 * @example
 * const app = await Test.createTestingModule({ imports: [AppModule] })
 *   .overrideProvider(getMqTransportToken()).useValue(memoryTransport())
 *   .compile();
 * const mq = MqTesting.of(app);
 * await app.init();
 */
export class MqTesting {
  /**
   * The kit of one connection. It sees what happens from the first call on, so make that before `app.init()`; later calls answer the
   * same one.
   * @param name of the connection
   * @throws {MqError} `MQ_UNKNOWN_CONNECTION`
   */
  static of(app: Pick<INestApplicationContext, 'get'>, name: string = DEFAULT_CONNECTION): MqTesting {
    const runtime = find<MqRuntime>(app, getMqRuntimeToken(name));
    if (!runtime) {
      throw new MqError(
        'MQ_UNKNOWN_CONNECTION',
        `MqTesting.of(): the application has no MqModule and no MqTestingModule with the connection '${name}'.`,
        { details: { connection: name } },
      );
    }
    const kit =
      kits.get(runtime) ??
      new MqTesting(runtime, find(app, getMqTransportToken(name))!, find<TestWorld>(app, getTestWorldToken(name)));
    kits.set(runtime, kit);
    return kit;
  }

  private readonly history: EventHistory;
  private readonly messages: PublishedMessages;
  private readonly faults = new HandlerFaults();

  private constructor(
    private readonly runtime: MqRuntime,
    private readonly transport: MqTransport,
    private readonly world: TestWorld | null,
  ) {
    const { events, options, clock, outbox, publisher } = runtime;
    this.history = new EventHistory(events);
    this.messages = new PublishedMessages(options, clock, (ids) => outbox.inspect(ids));
    publisher.watch(this.messages.watcher);
  }

  /**
   * Waits for an event, and answers it; at once if it has happened already.
   * @param filter fields that it must have (`{ topic: 'orders', key }`), or a function
   * @throws {MqError} `MQ_TEST_TIMEOUT` with what did happen; `MQ_UNKNOWN_TOPIC`, `MQ_UNKNOWN_GROUP`
   *
   * @example
   * await mq.waitFor('delivery.handled', { topic: 'orders', group: 'stock', key: order.id });
   */
  waitFor<E extends MqEventName>(
    event: E,
    filter: EventFilter<E> = {},
    { timeout = TIMEOUT }: { timeout?: Duration } = {},
  ): Promise<MqEventMap[E]> {
    return this.history.first(event, this.checked(filter), parseDuration(timeout), this.hint());
  }

  /**
   * Waits until nothing is pending in the outbox, in flight or held for another attempt. What was published to be delivered later than
   * the time-out is not waited for. On a clock that stands still nothing is waited for that needs it to move.
   * @throws {MqError} `MQ_TEST_TIMEOUT` with what is left
   */
  async settled({ timeout = TIMEOUT }: { timeout?: Duration } = {}): Promise<void> {
    const deadline = Deadline.in(systemClock, parseDuration(timeout));
    const broker = this.broker('settled()');
    for (;;) {
      await this.world?.clock.whenIdle();
      const told = this.history.count;
      // In the order in which messages go: one that has left the outbox since it was asked is seen at the broker.
      const rows = await unsettledRows(this.runtime, this.unfinishedRows);
      const left = [...unsettledDeliveries(this.runtime, broker), ...rows];
      const patience = this.world ? 0 : deadline.remainingMs;
      const waiting = left.filter(({ inMs, isDelayed }) => !isDelayed || inMs <= patience);
      // What was handled between the two looks may have published.
      if (waiting.length === 0 && told === this.history.count) return;
      const inVain = waiting.length > 0 && waiting.every(({ inMs }) => inMs > patience) && told === this.history.count;
      if (inVain || deadline.remainingMs === 0) throw this.notSettled(waiting, timeout);
      await systemClock.sleep(LOOK_EVERY_MS);
    }
  }

  /**
   * What was published to a topic and committed, in order, also with `sendDirect()`.
   * @throws {MqError} `MQ_UNKNOWN_TOPIC`
   */
  published<T = unknown>(topic: MqTopicRef): PublishedMessage<T>[] {
    requireTopic(this.runtime.options.topics, topic);
    return this.messages.of(aliasOf(topic)) as PublishedMessage<T>[];
  }

  /**
   * Runs the handler of a group with this message, as a delivery would: inbox and transaction on the database, enhancers, time-out, and
   * what is recorded of a failure. No broker has a part in it, so nothing comes again by itself.
   * @param options.attempt which attempt it is, from 1
   * @throws {MqError} `MQ_UNKNOWN_TOPIC`, `MQ_UNKNOWN_GROUP`, what `publish()` would refuse; never what the handler throws
   *
   * @example
   * const { outcome, error } = await mq.deliver('orders', 'stock', { tag: 'created', payload }, { attempt: 16 });
   */
  async deliver<P = unknown, M = never>(
    topic: MqTopicRef<P, M>,
    group: string,
    message: DeliveredMessage<MessageTo<NoInfer<P>, NoInfer<M>>>,
    { attempt = 1 }: { attempt?: number } = {},
  ): Promise<DeliveryResult> {
    const { topics, groups } = this.runtime.options;
    requireTopic(topics, topic);
    const { maxAttempts } = requireGroup(groups, group);
    const subscription = this.runtime.subscribed.find(
      (one) => one.topic.alias === aliasOf(topic) && one.group.alias === group,
    );
    if (!subscription) {
      const handled = this.runtime.subscribed.map(({ label }) => label).join(', ');
      throw new MqError(
        'MQ_TEST_MISUSE',
        `deliver(): no handler takes ${aliasOf(topic)}/${group}. Handlers are found by app.init(). Found: ${handled || 'none'}.`,
      );
    }
    if (!Number.isInteger(attempt) || attempt < 1 || attempt > maxAttempts) {
      throw new MqError(
        'MQ_TEST_MISUSE',
        `deliver(): attempt must be a whole number from 1 to ${maxAttempts}, the maxAttempts of the group '${group}', and is ${attempt}.`,
      );
    }
    let verdict!: DeliveryVerdict;
    const published = await this.messages.during(async () => {
      verdict = await deliverOnce({
        runtime: this.runtime,
        subscription,
        message: message as DeliveredMessage,
        attempt,
      });
    });
    return { ...verdict, published };
  }

  /** Makes the next send fail, from the outbox or with `sendDirect()`. It needs `memoryTransport()`. */
  failNext(what: 'send', options?: SendFailure): void;
  /** Makes the next handler throw instead of running, also one that {@link deliver} runs. */
  failNext(what: 'handler', options?: HandlerFailure): void;
  /** Loses the next acknowledgement: it is made again, or the message comes again although it was handled. It needs `memoryTransport()`. */
  failNext(what: 'ack', options?: FailOptions): void;
  failNext(what: 'send' | 'handler' | 'ack', options: SendFailure & HandlerFailure = {}): void {
    const { times = 1, error, stored = false, topic, group } = options;
    const { topics, groups } = this.runtime.options;
    if (topic !== undefined) requireTopic(topics, topic);
    if (group !== undefined) requireGroup(groups, group);
    if (what === 'send') {
      const kind = (error ?? 'unavailable') as TransportErrorKind | TransportError;
      this.broker("failNext('send')").failNextSends(kind, { times, stored });
    } else if (what === 'ack') {
      this.broker("failNext('ack')").loseNextAcks(times);
    } else {
      const thrown = error ?? new Error('the test asked for a handler that fails');
      const fault = { topic: topic === undefined ? undefined : aliasOf(topic), group, error: thrown, left: times };
      this.faults.add(this.runtime.subscribed, fault);
    }
  }

  /**
   * Moves the clock of `MqTestingModule`: what was due until then has run, in order, and has come to rest.
   * @example await mq.advance('10m'); // retries, delays, leases, the relay
   * @throws {MqError} `MQ_TEST_MISUSE` in an application whose time is real
   */
  async advance(by: Duration): Promise<void> {
    const { clock } = this.inMemory('advance()', 'time is real');
    await clock.advance(parseDuration(by));
    await clock.whenIdle();
  }

  /**
   * What a transaction of the application would be, in `MqTestingModule`: what is published with this manager counts when `work` resolves,
   * and never existed when it rejects.
   * @throws {MqError} `MQ_TEST_MISUSE` in an application that has a database; what `work` throws
   */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.inMemory('transaction()', 'dataSource.transaction() is there').transaction(work);
  }

  /** Forgets what has happened and what was published so far, and every failure that was asked for: for tests that share an application. */
  clear(): void {
    this.history.forget();
    this.messages.forget();
    this.faults.clear();
    brokerOf(this.transport)?.heal();
  }

  private checked<E extends MqEventName>(filter: EventFilter<E>): EventFilter<E> {
    if (typeof filter === 'function') return filter;
    const { topic, group } = filter as { topic?: MqTopicRef; group?: string };
    const { topics, groups } = this.runtime.options;
    if (topic !== undefined) requireTopic(topics, topic);
    if (group !== undefined) requireGroup(groups, group);
    return topic === undefined ? filter : { ...filter, topic: aliasOf(topic) };
  }

  private readonly unfinishedRows: UnfinishedRows = async () => {
    const { admin } = this.runtime;
    if (this.world) return this.world.unfinishedRows();
    const found = await Promise.all(
      UNFINISHED.map((status) => admin.find({ side: 'publish', status, limit: MOST_ROWS })),
    );
    return found.flat();
  };

  private broker(what: string): MemoryBroker {
    const broker = brokerOf(this.transport);
    if (broker) return broker;
    throw new MqError(
      'MQ_TEST_MISUSE',
      `${what} works with memoryTransport() alone, and this connection has ${this.transport.name}. Put one in its place: ` +
        '.overrideProvider(getMqTransportToken()).useValue(memoryTransport()).',
    );
  }

  private inMemory(what: string, otherwise: string): TestWorld {
    if (this.world) return this.world;
    throw new MqError(
      'MQ_TEST_MISUSE',
      `${what} works with MqTestingModule alone. This application has MqModule, so ${otherwise}.`,
    );
  }

  private notSettled(left: readonly Unsettled[], timeout: Duration): MqError {
    const lines = left.map(({ text }) => `\n  ${text}`).join('') || '\n  (it went on until the end)';
    const advance = this.world ? ' The clock stands still: advance() moves it.' : '';
    return new MqError(
      'MQ_TEST_TIMEOUT',
      `settled() within ${timeout}: this is left and goes on later, or has not ended.${advance}${lines}\n${this.history.describe()}`,
    );
  }

  /** What people forget, where it shows. */
  private hint(): string {
    return this.runtime.subscribed.length === 0
      ? 'No handlers were found: is app.init() called, and after MqTesting.of()? '
      : '';
  }
}

function brokerOf(transport: MqTransport): MemoryBroker | undefined {
  const { broker } = transport as { broker?: MemoryBroker };
  return typeof broker?.stateOf === 'function' ? broker : undefined;
}

function find<T>(
  app: Pick<INestApplicationContext, 'get'>,
  token: Parameters<INestApplicationContext['get']>[0],
): T | null {
  try {
    return app.get<T>(token as never, { strict: false });
  } catch {
    return null;
  }
}
