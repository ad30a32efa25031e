import type { ModuleMetadata, Type } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { TestingModule } from '@nestjs/testing';
import { MqEvents, MqProducerService, type MqEventMap, type MqModuleOptions } from 'nestjs-reliable-mq';
import {
  type MemoryBroker,
  type MemoryProfile,
  type MemoryTransport,
  memoryTransport,
} from 'nestjs-reliable-mq/testing';
import type { DataSource } from 'typeorm';
import type { TestDatabase } from '../database.js';
import { bootMq } from '../mq-app.js';

/** One instance of an application: everything that a test asks of it. */
export interface Node {
  readonly app: TestingModule;
  readonly mq: MqProducerService;
  readonly events: MqEvents;
  readonly dataSource: DataSource;
  /** In memory; with what RocketMQ over HTTP can do, unless told otherwise. */
  readonly transport: MemoryTransport;
  readonly broker: MemoryBroker;
}

export interface NodeSetup extends Partial<MqModuleOptions> {
  /** Shared by the instances of one test. Default: a new one. */
  broker?: MemoryBroker;
  /** Default `'http'`. */
  profile?: MemoryProfile;
  /** What the broker calls itself. Default: what every broker in memory does. */
  identity?: string;
  handlers?: Type[];
  imports?: ModuleMetadata['imports'];
  dataSourceOptions?: object;
}

const TOPICS = { orders: { topic: 'shop_orders' } };
const GROUPS = { stock: { groupId: 'GID_stock' } };

/** Boots an instance that polls quickly and hardly backs off, with one topic (`orders`) and one group (`stock`) unless told otherwise. */
export async function bootNode(
  db: TestDatabase,
  { broker, profile = 'http', identity, handlers = [], imports = [], dataSourceOptions, ...more }: NodeSetup = {},
): Promise<Node> {
  const transport = memoryTransport({ profile, ...(broker && { broker }) });
  if (identity !== undefined) Object.assign(transport, { identity });
  const options: MqModuleOptions = {
    transport,
    topics: TOPICS,
    groups: GROUPS,
    reproduce: { idle: '100ms', backoff: { base: 1, cap: 1 } },
    consume: { backoff: { base: 1, cap: 1 } },
    ...more,
  };
  const app = await bootMq(db, options, { providers: handlers, imports }, dataSourceOptions);
  return {
    app,
    transport,
    broker: transport.broker,
    mq: app.get(MqProducerService),
    events: app.get(MqEvents),
    dataSource: app.get<DataSource>(getDataSourceToken()),
  };
}

export const OWN = { transaction: 'own' } as const;

/** Publishes one message and waits until the broker has it. Answers its id. */
export async function publishOne(node: Pick<Node, 'mq'>, payload: unknown = 'work', topic = 'orders'): Promise<string> {
  const publication = await node.mq.publish(topic, { payload }, OWN);
  await publication.sent();
  return publication.messages[0]!.id;
}

/** Everything of one kind that an instance tells from now on. */
export function told<E extends keyof MqEventMap>({ events }: Pick<Node, 'events'>, name: E): MqEventMap[E][] {
  const list: MqEventMap[E][] = [];
  events.on(name, (event) => list.push(event));
  return list;
}

/** Ends the leases of everything that a group was given and has not acknowledged, as time would. */
export function leasesEnd(broker: MemoryBroker, groupId = 'GID_stock', topic = 'shop_orders'): void {
  const group = broker.group(topic, groupId, null);
  for (const entry of group.pending) if (entry.state === 'leased') group.release(entry, 0);
}

/** What a group has not acknowledged; of one that nobody reads for, what it would get. */
export function pending(broker: MemoryBroker, groupId = 'GID_stock', topic = 'shop_orders'): number {
  return broker.group(topic, groupId, null).pending.length;
}
