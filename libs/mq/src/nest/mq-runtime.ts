import { hostname } from 'node:os';
import { Logger } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';
import type { Feature } from '../core/config/merge-features.js';
import type { MqOptions } from '../core/config/options.js';
import { resolveOptions } from '../core/config/resolve-options.js';
import type { ResolvedOptions } from '../core/config/resolved-options.js';
import { ConsumerRunner } from '../core/consumer/consumer-runner.js';
import type { Subscription } from '../core/consumer/handlers/subscription.js';
import { MqEvents } from '../core/events/event-bus.js';
import { pauseGroups } from '../core/pauses/pause-groups.js';
import { Heartbeat } from '../core/nodes/heartbeat.js';
import { nodeState } from '../core/nodes/node-state.js';
import { PauseBoard } from '../core/pauses/pause-board.js';
import { Publisher } from '../core/publisher/publisher.js';
import { Relay } from '../core/relay/relay.js';
import { toOutbound } from '../core/store/to-outbound.js';
import type { Clock } from '../core/runtime/clock.js';
import type { Semaphore } from '../core/runtime/semaphore.js';
import { systemClock } from '../core/runtime/system-clock.js';
import { systemRandom } from '../core/runtime/random.js';
import type { NodeState } from '../core/store/node-store.js';
import type { AdminStore } from '../core/store/admin-store.js';
import type { DeliveryStore } from '../core/store/delivery-store.js';
import type { MetricsStore } from '../core/store/metrics-store.js';
import type { EvidenceStore } from '../core/store/evidence-store.js';
import type { OutboxStore } from '../core/store/outbox-store.js';
import type { MqTracing } from '../core/tracing/tracer.js';
import type { MqTransport } from '../core/transport/transport.js';
import { violationOf } from '../core/transport/violation-of.js';
import { alertOn } from '../observability/alerter.js';
import { type LineLogger, lineLogger } from '../observability/line-logger.js';
import { logEvents } from '../observability/log-subscriber.js';
import type { OutageCause } from '../observability/outage-cause.js';
import { Outages } from '../observability/outages.js';
import { createMqStores, type MqStores } from '../typeorm/create-stores.js';
import type { ConnectionTraces } from '../typeorm/rename/refuse-rename.js';
import { poolSizeOf } from '../typeorm/connection/pool-size.js';
import type { TableLocation } from '../typeorm/sql/table-names.js';
import { type BootMode, bootModeFor } from './boot-mode.js';
import { currentCause } from './current-mq-context.js';
import type { Operations } from './operations.js';
import { deliverySlotsOf } from './delivery-slots.js';
import type { FoundHandler } from './discovery/found-handler.js';
import type { TransactionHostFinder } from './discovery/transaction-host-finder.js';
import { WaitingMessages } from './waiting-messages.js';

/** How long nodes are listed that were not seen any more. */
const NODES_KEPT_MS = 24 * 3_600_000;

interface RuntimeRequest {
  readonly connection: string;
  readonly options: MqOptions;
  readonly transport: MqTransport;
  readonly dataSource: DataSource;
  readonly tables: TableLocation;
  readonly hosts: TransactionHostFinder;
  /** Of all connections of the application; `null` when this one's is written down, and so cannot be a mistake. */
  readonly usedPrefixes: readonly string[] | null;
  readonly tracing: MqTracing | null;
  /** What modules bring for it. */
  readonly features: readonly Feature[];
}

/** What a connection is built from, once its stores are there. */
export interface RuntimeParts {
  readonly connection: string;
  readonly options: ResolvedOptions;
  readonly boot: BootMode;
  readonly dataSource: DataSource;
  readonly tables: TableLocation;
  readonly stores: MqStores;
  /** Limits handlers at once. */
  readonly slots: Semaphore;
  /** The transport's. Shutdown alone goes by the system's. */
  readonly clock: Clock;
  readonly tracing: MqTracing | null;
  /** What modules bring for it. */
  readonly features: readonly Feature[];
  /** To be called when all providers of the application are there. */
  readonly keepFound: () => void;
}

/** The parts of one MQ connection of an application, built and not yet started. */
export class MqRuntime {
  /**
   * Checks the configuration, looks at the tables (or migrates them), and builds the parts.
   * @throws {MqError} `MQ_CONFIG_INVALID`, `MQ_ENTITIES_MISSING`, `MQ_DATABASE_SETTINGS`, `MQ_CONNECTION_RENAMED`, `MQ_SCHEMA_FOREIGN`, `MQ_SCHEMA_OUTDATED`
   */
  static async create({
    connection,
    options,
    transport,
    dataSource,
    tables,
    hosts,
    usedPrefixes,
    tracing,
    features,
  }: RuntimeRequest): Promise<MqRuntime> {
    const resolved = resolveOptions(
      { ...options, transport },
      { connection, poolSize: poolSizeOf(dataSource), features },
    );
    const boot = bootModeFor(resolved);
    const stores = await createMqStores(dataSource, tables, {
      migrate: resolved.migrate && boot.migrate,
      check: boot.check,
      hosts: hosts.hosts,
      traces: usedPrefixes && { ...tracesOf(resolved), usedPrefixes },
      replayTo: {
        connection,
        broker: transport.identity,
        topic: (alias) => resolved.topics.get(alias),
        problem: (message) => violationOf(transport, toOutbound(message, null)),
      },
    });
    return MqRuntime.build({
      connection,
      options: resolved,
      boot,
      dataSource,
      tables,
      stores,
      slots: deliverySlotsOf(dataSource, resolved.maxInFlight),
      clock: systemClock,
      tracing,
      features,
      keepFound: () => hosts.keepFound(),
    });
  }

  /** Builds the parts of a connection on these stores. */
  static build(parts: RuntimeParts): MqRuntime {
    const { connection, options: resolved, boot, dataSource, tables, stores, slots, clock, tracing, keepFound } = parts;
    const { transport } = resolved;
    const events = new MqEvents();
    const instance = `${hostname()}:${process.pid}`;
    const tracer = tracing?.tracerOf({ name: connection, instance, events, transport }) ?? null;
    const traced = tracer === null ? resolved : { ...resolved, transport: tracer.transport };
    const shared = { options: traced, clock, random: systemRandom, events, instance, tracer };
    const board = new PauseBoard(clock, events);
    const relay = new Relay({ ...shared, pauses: board, store: stores.outbox, alsoPrune: pruningOf(stores, resolved) });
    const publisher = new Publisher<EntityManager>({
      ...shared,
      store: stores.outbox,
      transactions: stores.transactions,
      relay,
      cause: currentCause,
    });
    const consumers = new ConsumerRunner<EntityManager>({
      ...shared,
      deliveries: stores.deliveries,
      slots,
    });
    pauseGroups(board, resolved, consumers);
    const { nodes, pauses, actions } = stores;
    const state = (lagMs: number): NodeState =>
      nodeState({ options: resolved, circuit: relay.circuit, consumers, clock }, lagMs);
    const heartbeat = new Heartbeat({ ...shared, connection, nodes, pauses, board, state });
    const runtime = new MqRuntime(
      connection,
      dataSource,
      tables,
      traced,
      boot,
      events,
      relay,
      publisher,
      consumers,
      stores.admin,
      stores.metrics,
      stores.evidence,
      stores.outbox,
      stores.deliveries,
      { nodes, pauses, actions, board, heartbeat },
      instance,
      clock,
      stores.database,
      stores.connections,
      stores.transactions,
      () => {
        keepFound();
        stores.requireJoinable();
      },
    );
    runtime.features = parts.features.map(({ source }) => source);
    for (const warning of stores.warnings) runtime.logger.write('boot.setting', `The database: ${warning}`);
    boot.prepare?.(runtime);
    return runtime;
  }

  readonly logger: LineLogger;
  readonly outages: Outages;
  /** Calls of `MqModule.forFeature()` whose topics and groups it has. */
  features: readonly object[] = [];
  /** Where handlers come from besides `@MqConsumer`. */
  readonly otherHandlers: (() => readonly FoundHandler[])[] = [];
  /** What its handlers read. Known once they have been looked for. */
  subscribed: readonly Subscription<EntityManager>[] = [];
  private readonly subscriptions: (() => void)[] = [];
  private readonly waitingMessages: WaitingMessages;

  private constructor(
    readonly connection: string,
    readonly dataSource: DataSource,
    readonly tables: TableLocation,
    readonly options: ResolvedOptions,
    /** What of this connection starts with the application. */
    readonly boot: BootMode,
    readonly events: MqEvents,
    readonly relay: Relay,
    readonly publisher: Publisher<EntityManager>,
    readonly consumers: ConsumerRunner<EntityManager>,
    readonly admin: AdminStore,
    readonly metrics: MetricsStore,
    readonly evidence: EvidenceStore,
    readonly outbox: OutboxStore<EntityManager>,
    readonly deliveries: DeliveryStore<EntityManager>,
    readonly operations: Operations,
    readonly instance: string,
    readonly clock: Clock,
    /** What kind of database the tables live in, for people. */
    readonly database: string,
    /** The connections of the data source's pool that this module uses. */
    readonly connections: MqStores['connections'],
    /** How the transaction is found that a call belongs to. */
    readonly transactions: MqStores['transactions'],
    /**
     * To be called once all providers of the application are there, if it handles messages.
     * @throws {MqError} `MQ_CONFIG_INVALID` when services that handlers call could not join the transactions of deliveries
     */
    readonly requireJoinable: () => void,
  ) {
    this.waitingMessages = new WaitingMessages(outbox, relay);
    const { log, onAlert, alertEveryMs } = options;
    this.logger = lineLogger(log.logger ?? new Logger(connection === 'default' ? 'Mq' : `Mq:${connection}`));
    const { logger } = this;
    const topicOf = (alias: string): string => options.topics.get(alias)?.topic ?? alias;
    this.outages = new Outages(events, {
      clock,
      logger,
      broker: `${options.transport.name} at ${options.transport.identity}`,
      topicOf,
      waiting: (cause) => (cause === 'database' ? Promise.resolve(null) : this.waiting(cause)),
    });
    const isExplained = (topic: string): boolean => this.outages.explains(topic);
    this.subscriptions.push(logEvents(events, logger, { ...log, clock, isExplained }), () => this.outages.stop());
    const now = (): number => clock.monotonic();
    if (onAlert) {
      this.subscriptions.push(alertOn(events, { connection, onAlert, everyMs: alertEveryMs, now, logger }));
    }
  }

  /** Messages in the outbox that wait because of this. `null` when the database does not say. */
  waiting(cause: OutageCause): Promise<number | null> {
    const topic = cause.startsWith('topic ') ? cause.slice('topic '.length) : undefined;
    return this.waitingMessages.count(topic);
  }

  /** Calls this when the runtime is disposed of. */
  untilDisposed(unsubscribe: () => void): void {
    this.subscriptions.push(unsubscribe);
  }

  /** Removes the listeners. Nothing may be called afterwards. */
  dispose(): void {
    for (const unsubscribe of this.subscriptions) unsubscribe();
  }
}

/** What only operators need. Nodes that ended have deleted their rows; these were killed. */
function pruningOf(
  { nodes, actions }: Pick<MqStores, 'nodes' | 'actions'>,
  { retention: { errorsMs } }: ResolvedOptions,
): (() => Promise<unknown>)[] {
  return [() => nodes.prune(NODES_KEPT_MS), ...(errorsMs === null ? [] : [() => actions.prune(errorsMs)])];
}

function tracesOf({ connection, topics, groups, owners }: ResolvedOptions): Omit<ConnectionTraces, 'usedPrefixes'> {
  return {
    connection,
    topics: [...topics.values()].map(({ topic }) => topic),
    groupIds: [...groups.values()].map(({ groupId }) => groupId),
    brokers: owners.map(({ broker }) => broker),
  };
}
