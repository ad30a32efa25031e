import { hostname } from 'node:os';
import { Logger } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';
import type { MqOptions } from '../core/config/options.js';
import { resolveOptions } from '../core/config/resolve-options.js';
import type { ResolvedOptions } from '../core/config/resolved-options.js';
import { ConsumerRunner } from '../core/consumer/consumer-runner.js';
import { MqEvents } from '../core/events/event-bus.js';
import { Publisher } from '../core/publisher/publisher.js';
import { Relay } from '../core/relay/relay.js';
import { toOutbound } from '../core/message/outbound.js';
import { systemClock } from '../core/runtime/system-clock.js';
import { systemRandom } from '../core/runtime/random.js';
import type { AdminStore } from '../core/store/admin-store.js';
import type { OutboxStore } from '../core/store/outbox-store.js';
import type { MqTransport } from '../core/transport/transport.js';
import { violationOf } from '../core/transport/violation-of.js';
import { alertOn } from '../observability/alerter.js';
import { type LineLogger, lineLogger } from '../observability/line-logger.js';
import { logEvents } from '../observability/log-subscriber.js';
import { openMqStores, type MqStores } from '../typeorm/open-stores.js';
import type { ConnectionTraces } from '../typeorm/rename/refuse-rename.js';
import { poolSizeOf } from '../typeorm/pool-size.js';
import type { TablePlace } from '../typeorm/table-names.js';
import { deliverySlotsOf } from './delivery-slots.js';
import type { HostFinder } from './discovery/host-finder.js';

export interface RuntimeRequest {
  readonly connection: string;
  readonly options: MqOptions;
  readonly transport: MqTransport;
  readonly dataSource: DataSource;
  readonly tables: TablePlace;
  readonly hosts: HostFinder;
  /** Of all connections of the application; `null` when this one's is written down, and so cannot be a mistake. */
  readonly usedPrefixes: readonly string[] | null;
}

/** One connection of one application, put together and not yet started. */
export class MqRuntime {
  /**
   * Checks the configuration, looks at the tables (or migrates them), and builds the parts.
   * @throws {MqError} `MQ_CONFIG_INVALID`, `MQ_ENTITIES_MISSING`, `MQ_DATABASE_SETTINGS`, `MQ_CONNECTION_RENAMED`, `MQ_SCHEMA_OUTDATED`
   */
  static async create({
    connection,
    options,
    transport,
    dataSource,
    tables,
    hosts,
    usedPrefixes,
  }: RuntimeRequest): Promise<MqRuntime> {
    const resolved = resolveOptions({ ...options, transport }, { connection, poolSize: poolSizeOf(dataSource) });
    const stores = await openMqStores(dataSource, tables, {
      migrate: resolved.migrate,
      hosts: hosts.hosts,
      traces: usedPrefixes && { ...tracesOf(resolved), usedPrefixes },
      replayTo: {
        connection,
        broker: transport.identity,
        topic: (alias) => resolved.topics.get(alias),
        problem: (message) => violationOf(transport, toOutbound(message, null)),
      },
    });
    const events = new MqEvents();
    const instance = `${hostname()}:${process.pid}`;
    const shared = { options: resolved, clock: systemClock, random: systemRandom, events, instance };
    const relay = new Relay({ ...shared, store: stores.outbox });
    const publisher = new Publisher<EntityManager>({
      ...shared,
      store: stores.outbox,
      transactions: stores.transactions,
      relay,
    });
    const consumers = new ConsumerRunner<EntityManager>({
      ...shared,
      deliveries: stores.deliveries,
      slots: deliverySlotsOf(dataSource, resolved.maxInFlight),
    });
    const runtime = new MqRuntime(
      connection,
      dataSource,
      tables,
      resolved,
      events,
      relay,
      publisher,
      consumers,
      stores.admin,
      stores.outbox,
      instance,
      stores.connections,
      () => {
        hosts.settle();
        stores.requireJoinable();
      },
    );
    for (const warning of stores.warnings) runtime.logger.warn(`The database: ${warning}`);
    return runtime;
  }

  readonly logger: LineLogger;
  private readonly subscriptions: (() => void)[] = [];

  private constructor(
    readonly connection: string,
    readonly dataSource: DataSource,
    readonly tables: TablePlace,
    readonly options: ResolvedOptions,
    readonly events: MqEvents,
    readonly relay: Relay,
    readonly publisher: Publisher<EntityManager>,
    readonly consumers: ConsumerRunner<EntityManager>,
    readonly admin: AdminStore,
    readonly outbox: OutboxStore<EntityManager>,
    readonly instance: string,
    /** What this module has of the data source's pool. */
    readonly connections: MqStores['connections'],
    /**
     * To be called once all providers of the application are there, if it handles messages.
     * @throws {MqError} `MQ_CONFIG_INVALID` when services that handlers call could not join the transactions of deliveries
     */
    readonly requireJoinable: () => void,
  ) {
    const { log, onAlert, alertEveryMs } = options;
    this.logger = lineLogger(log.logger ?? new Logger(connection === 'default' ? 'Mq' : `Mq:${connection}`));
    const now = (): number => systemClock.monotonic();
    this.subscriptions.push(logEvents(events, this.logger, { ...log, now }));
    if (onAlert) {
      this.subscriptions.push(
        alertOn(events, { connection, onAlert, everyMs: alertEveryMs, now, logger: this.logger }),
      );
    }
  }

  /** Ends what listens. The last thing to do with a runtime. */
  dispose(): void {
    for (const unsubscribe of this.subscriptions) unsubscribe();
  }
}

function tracesOf({ connection, topics, groups, owners }: ResolvedOptions): Omit<ConnectionTraces, 'usedPrefixes'> {
  return {
    connection,
    topics: [...topics.values()].map(({ topic }) => topic),
    groupIds: [...groups.values()].map(({ groupId }) => groupId),
    brokers: owners.map(({ broker }) => broker),
  };
}
