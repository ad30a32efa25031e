import { ConsumerRunner } from '../../../../../libs/mq/src/core/consumer/consumer-runner.js';
import type { DeliveryContext, RegisteredHandler } from '../../../../../libs/mq/src/core/consumer/handlers/handler.js';
import { HandlerRegistry } from '../../../../../libs/mq/src/core/consumer/handlers/handler-registry.js';
import type {
  ResolvedGroup,
  ResolvedOptions,
  ResolvedTopic,
} from '../../../../../libs/mq/src/core/config/resolved-options.js';
import { MqEvents } from '../../../../../libs/mq/src/core/events/event-bus.js';
import { Deadline } from '../../../../../libs/mq/src/core/runtime/deadline.js';
import type { MqEventMap, MqEventName } from '../../../../../libs/mq/src/core/events/event-map.js';
import { jsonCodec } from '../../../../../libs/mq/src/core/message/json-codec.js';
import type { MqMessage } from '../../../../../libs/mq/src/core/message/message.js';
import type { Semaphore } from '../../../../../libs/mq/src/core/runtime/semaphore.js';
import type { MqTransport, OutboundMessage } from '../../../../../libs/mq/src/core/transport/transport.js';
import { ManualClock, memoryTransport, type MemoryProfile, type MemoryTransport } from 'nestjs-reliable-mq/testing';
import type { MemoryTransaction } from '../../../../../libs/mq/src/testing/memory-store/memory-transaction.js';
import { ScriptedDeliveries } from './scripted-deliveries.js';

export type Handle = MemoryTransaction;
type Handler = (message: MqMessage, context: DeliveryContext<Handle>) => unknown;

export interface BenchOptions {
  profile?: MemoryProfile;
  /** The one lease that the broker gives. */
  leaseMs?: number;
  group?: Partial<ResolvedGroup>;
  topic?: Partial<ResolvedTopic>;
  options?: Partial<Pick<ResolvedOptions, 'tagSuffix' | 'maxInFlight'>>;
  /** More topics, by alias. */
  topics?: Record<string, Partial<ResolvedTopic>>;
  /** More groups, by alias. */
  groups?: Record<string, Partial<ResolvedGroup>>;
  handlers?: RegisteredHandler<Handle>[];
  handle?: Handler;
  /** Changes the transport before the runner gets it. */
  wrap?: (transport: MemoryTransport) => MqTransport;
  slots?: Semaphore;
}

/** The consumers of one connection over a broker and a database in memory, on a clock that stands still. */
export function consumerBench(setup: BenchOptions = {}) {
  const clock = new ManualClock();
  const memory = memoryTransport({
    profile: setup.profile ?? 'http',
    clock,
    ...(setup.leaseMs !== undefined && { leaseMs: setup.leaseMs }),
  });
  const transport = setup.wrap?.(memory) ?? memory;
  const deliveries = new ScriptedDeliveries(clock);
  const events = new MqEvents();
  const log: { name: MqEventName; event: MqEventMap[MqEventName] }[] = [];
  events.onAny((name, event) => log.push({ name, event }));
  const topics = new Map(
    Object.entries({ orders: setup.topic ?? {}, ...setup.topics }).map(([alias, topic]) => [
      alias,
      resolvedTopic({ alias, ...topic }),
    ]),
  );
  const groups = new Map(
    Object.entries({ stock: setup.group ?? {}, ...setup.groups }).map(([alias, group]) => [
      alias,
      resolvedGroup({ alias, groupId: `GID_${alias}`, ...group }),
    ]),
  );
  const options = {
    connection: 'default',
    transport,
    topics,
    groups,
    tagSuffix: '',
    maxInFlight: 10,
    drainMs: 20_000,
    ...setup.options,
  };
  const slots = setup.slots === undefined ? {} : { slots: setup.slots };
  const runner = new ConsumerRunner<Handle>({
    options,
    deliveries,
    events,
    clock,
    random: () => 0,
    instance: 'test:1',
    ...slots,
  });
  const handled: MqMessage[] = [];
  const handle: Handler = setup.handle ?? ((message, { manager }) => deliveries.write(manager, message.id));
  const handlers = setup.handlers ?? [
    handlerOf({
      invoke: async (input, context) => {
        const message = input as MqMessage;
        handled.push(message);
        return handle(message, context);
      },
    }),
  ];

  return {
    clock,
    transport: memory,
    broker: memory.broker,
    deliveries,
    events,
    runner,
    options,
    /** Messages in the order in which the handler was called. */
    handled,
    registry: (list = handlers) => new HandlerRegistry(list, options),
    async start(list = handlers): Promise<void> {
      await runner.start(new HandlerRegistry(list, options));
      await clock.whenIdle();
    },
    async publish(id: string, message: Partial<OutboundMessage> = {}): Promise<void> {
      const base = {
        topic: 'shop_orders',
        instanceId: null,
        tag: null,
        key: `key-${id}`,
        body: `{"id":"${id}"}`,
        deliverAt: null,
        orderingKey: null,
      };
      await memory.send({ ...base, properties: { 'mq-id': id }, ...message }, new AbortController().signal);
      await clock.whenIdle();
    },
    /** What the broker still has for a group. */
    pending: (group = 'stock') => memory.broker.stateOf('shop_orders', `GID_${group}`).pending,
    /** How often the broker has delivered a message that it still has. */
    deliveriesOf: (id: string, group = 'stock') =>
      memory.broker
        .group('shop_orders', `GID_${group}`, null)
        .pending.find(({ message }) => message.properties['mq-id'] === id)?.deliveries ?? Number.NaN,
    /** Events of these names, in order. */
    told: <E extends MqEventName>(name: E) =>
      log.filter((entry) => entry.name === name).map((entry) => entry.event as MqEventMap[E]),
    log,
    drain: (ms: number) => runner.drain(Deadline.in(clock, ms)),
    async stop(): Promise<void> {
      const drained = runner.drain(Deadline.in(clock, 0));
      await clock.advance(5_000);
      await drained;
    },
  };
}

export function handlerOf(fields: Partial<RegisteredHandler<Handle>> = {}): RegisteredHandler<Handle> {
  return {
    topic: 'orders',
    group: 'stock',
    tags: null,
    name: 'Stock.handle',
    invoke: async () => undefined,
    ...fields,
  };
}

function resolvedTopic(fields: Partial<ResolvedTopic> = {}): ResolvedTopic {
  return {
    alias: 'orders',
    topic: 'shop_orders',
    instanceId: null,
    ordered: false,
    codec: jsonCodec,
    settleOn: null,
    ...fields,
  };
}

export function resolvedGroup(fields: Partial<ResolvedGroup> = {}): ResolvedGroup {
  return {
    alias: 'stock',
    groupId: 'GID_stock',
    tags: null,
    identify: null,
    concurrency: 4,
    timeoutMs: 30_000,
    maxAttempts: 16,
    backoff: () => 10_000,
    inbox: true,
    unmatched: 'park',
    ...fields,
  };
}
