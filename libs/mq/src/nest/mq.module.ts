import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, ModulesContainer } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { MqOptions } from '../core/config/options.js';
import { MqEvents } from '../core/events/event-bus.js';
import type { MqTransport } from '../core/transport/transport.js';
import { getMqEntities } from '../typeorm/entities/get-mq-entities.js';
import { configuredTables } from '../typeorm/table-names.js';
import { asyncOptionsProviders } from './async-options.js';
import { ConnectionTables } from './connection-tables.js';
import { HostFinder } from './discovery/host-finder.js';
import { HandlerExplorer } from './discovery/handler-explorer.js';
import { ConsumerControl } from './lifecycle/consumer-control.js';
import { instancesOf } from './lifecycle/instances-of.js';
import { MqLifecycle } from './lifecycle/mq-lifecycle.js';
import { ReproduceSchedule } from './lifecycle/reproduce-schedule.js';
import type { MqConnectionOptions, MqModuleAsyncOptions, MqModuleOptions } from './mq-module-options.js';
import { MqRuntime } from './mq-runtime.js';
import { Admin } from './services/admin.js';
import { Consumer } from './services/consumer.js';
import { Producer } from './services/producer.js';
import { Reproducer } from './services/reproducer.js';
import * as tokens from './tokens.js';

/**
 * Reliable messaging for the application that imports it.
 *
 * @example
 * MqModule.forRoot({
 *   transport: aliyunHttp({ endpoint, accessKeyId, accessKeySecret, instanceId: 'MQ_INST_1' }),
 *   topics: { orders: { topic: 'shop_orders' } },
 *   groups: { stock: { groupId: 'GID_stock', tags: ['created'] } },
 *   migrate: true,
 * })
 */
@Module({})
export class MqModule {
  static forRoot({ name, dataSource, isGlobal, tables, ...options }: MqModuleOptions): DynamicModule {
    const connection = { name, dataSource, isGlobal, tables };
    return assemble(connection, [{ provide: tokens.getMqOptionsToken(name), useValue: options }]);
  }

  /** The same with options that a factory makes. What decides about tokens (`name`, `dataSource`, `isGlobal`, `tables`) stands beside the factory. */
  static forRootAsync(options: MqModuleAsyncOptions): DynamicModule {
    return assemble(options, asyncOptionsProviders(options), options.imports);
  }
}

function assemble(
  {
    name = tokens.DEFAULT_CONNECTION,
    dataSource: dataSourceName,
    isGlobal = true,
    tables: tableOptions,
  }: MqConnectionOptions,
  optionsProviders: Provider[],
  imports: DynamicModule['imports'] = [],
): DynamicModule {
  const tables = configuredTables(tableOptions, name);
  const prefixGiven = tableOptions?.prefix !== undefined;
  const runtime = tokens.getMqRuntimeToken(name);
  const exported: Provider[] = [
    {
      provide: tokens.getMqTransportToken(name),
      inject: [tokens.getMqOptionsToken(name)],
      // A factory that returns nothing is told about with everything else that is wrong.
      useFactory: (options: MqOptions | undefined) => options?.transport,
    },
    {
      provide: tokens.getMqEventsToken(name),
      inject: [runtime],
      useFactory: ({ events }: MqRuntime): MqEvents => events,
    },
    {
      provide: tokens.getMqProducerToken(name),
      inject: [runtime],
      useFactory: ({ publisher }: MqRuntime) => new Producer(publisher),
    },
    { provide: tokens.getMqAdminToken(name), inject: [runtime], useFactory: (mq: MqRuntime) => new Admin(mq) },
    {
      provide: tokens.getMqConsumerToken(name),
      inject: [consumerControl(name), runtime],
      useFactory: (control: ConsumerControl, mq: MqRuntime) => new Consumer(control, mq),
    },
    {
      provide: tokens.getReproduceToken(name),
      inject: [runtime, schedule(name)],
      useFactory: ({ relay }: MqRuntime, timing: ReproduceSchedule) => new Reproducer(relay, timing),
    },
  ];
  const internal: Provider[] = [
    ...optionsProviders,
    { provide: connectionTables(name), useValue: new ConnectionTables(tables) },
    {
      provide: runtime,
      inject: [
        tokens.getMqOptionsToken(name),
        tokens.getMqTransportToken(name),
        getDataSourceToken(dataSourceName),
        ModulesContainer,
      ],
      useFactory: (options: MqOptions, transport: MqTransport, dataSource: DataSource, modules: ModulesContainer) => {
        const hosts = new HostFinder(modules);
        const used = instancesOf(modules, ConnectionTables).map(({ prefix }) => prefix);
        const usedPrefixes = prefixGiven ? null : used;
        return MqRuntime.create({ connection: name, options, transport, dataSource, tables, hosts, usedPrefixes });
      },
    },
    {
      provide: consumerControl(name),
      inject: [runtime, DiscoveryService, ModulesContainer],
      useFactory: (mq: MqRuntime, discovery: DiscoveryService, modules: ModulesContainer) =>
        new ConsumerControl(mq, new HandlerExplorer(discovery), modules),
    },
    {
      provide: schedule(name),
      inject: [runtime, ModulesContainer],
      useFactory: (mq: MqRuntime, modules: ModulesContainer) => new ReproduceSchedule(mq, modules),
    },
    {
      provide: tokens.getMqLifecycleToken(name),
      inject: [runtime, ModulesContainer, consumerControl(name), schedule(name)],
      useFactory: (mq: MqRuntime, modules: ModulesContainer, control: ConsumerControl, timing: ReproduceSchedule) =>
        new MqLifecycle(mq, modules, control, timing),
    },
  ];
  return {
    module: MqModule,
    global: isGlobal,
    imports: [
      DiscoveryModule,
      TypeOrmModule.forFeature([...getMqEntities(name, tableOptions)], dataSourceName),
      ...imports,
    ],
    providers: [...internal, ...exported],
    exports: [...exported.map((provider) => (provider as { provide: string }).provide), tokens.getMqOptionsToken(name)],
  };
}

const connectionTables = (name: string): string => `mq:connection-tables:${name}`;
const consumerControl = (name: string): string => `mq:consumer-control:${name}`;
const schedule = (name: string): string => `mq:reproduce-schedule:${name}`;
