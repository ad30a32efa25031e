import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { DataSource } from 'typeorm';
import type { MqOptions } from '../../core/config/options.js';
import { resolveOptions } from '../../core/config/resolve-options.js';
import { Semaphore } from '../../core/runtime/semaphore.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { MqTracing } from '../../core/tracing/tracer.js';
import type { MqTransport } from '../../core/transport/transport.js';
import { bootModeFor } from '../../nest/boot-mode.js';
import { connectionProviders, modulesOf } from '../../nest/connection-providers.js';
import { featuresOf } from '../../nest/mq-feature.js';
import { MqRuntime, type RuntimeParts } from '../../nest/mq-runtime.js';
import * as tokens from '../../nest/tokens.js';
import { memoryTransport } from '../../transports/memory/memory-transport.js';
import type { MemoryTransportOptions } from '../../transports/memory/options.js';
import { refusing } from './refusing.js';
import { TestClock } from './test-clock.js';
import { testStores } from './test-stores.js';
import { TestTransactions } from './test-transactions.js';
import { getTestWorldToken, TestWorld } from './test-world.js';

/** No pool limits handlers: `maxInFlight` is half of it unless set. */
const AS_IF_POOLED = 100;

/** Options of `MqModule`, without those about tables and a broker. */
export interface MqTestingModuleOptions
  extends Omit<MqOptions, 'transport' | 'migrate' | 'connections'>, Pick<MemoryTransportOptions, 'profile'> {
  /** Name of the connection. Default `'default'`. */
  name?: string;
  /** Whether other modules can inject the services without importing this one. Default `true`. */
  isGlobal?: boolean;
  /** What handlers get as `context.manager`, and `transaction()` hands out. Default: one that says at each use that there is no database. */
  manager?: object;
  /** What the clock says at first. Default: the time now. */
  now?: Date;
}

/**
 * Stands in for `MqModule` where nothing shall be real: stores and broker are in memory, and time moves by `advance()` of
 * `MqTesting` alone. Handlers, retries, order, parking and publishing work as they do on a database.
 *
 * @example
 * const app = await Test.createTestingModule({
 *   imports: [MqTestingModule.forRoot({ topics: { orders: { topic: 'shop_orders' } }, groups: { stock: { groupId: 'GID_stock' } } })],
 *   providers: [ReserveStock],
 * }).compile();
 * const mq = MqTesting.of(app);
 */
@Module({})
export class MqTestingModule {
  /** @throws {MqError} `MQ_CONFIG_INVALID`, when the application is compiled */
  static forRoot(options: MqTestingModuleOptions = {}): DynamicModule {
    const { name = tokens.DEFAULT_CONNECTION, isGlobal = true, manager, now, profile, ...mqOptions } = options;
    const { providers, exports } = connectionProviders(name);
    const built: Provider[] = [
      {
        provide: getTestWorldToken(name),
        useFactory: () => {
          const noDatabase = refusing('MqTestingModule has no database', 'Give it what is used: forRoot({ manager }).');
          const clock = new TestClock(now?.getTime() ?? systemClock.now());
          return new TestWorld(clock, new TestTransactions(manager ?? noDatabase));
        },
      },
      {
        provide: tokens.getMqOptionsToken(name),
        inject: [getTestWorldToken(name)],
        useFactory: ({ clock }: TestWorld): MqOptions => ({
          ...mqOptions,
          transport: memoryTransport({ clock, ...(profile && { profile }) }),
        }),
      },
      {
        provide: tokens.getMqRuntimeToken(name),
        inject: [
          tokens.getMqOptionsToken(name),
          tokens.getMqTransportToken(name),
          getTestWorldToken(name),
          modulesOf(name),
          { token: tokens.MQ_TRACING, optional: true },
        ],
        useFactory: (
          given: MqOptions,
          transport: MqTransport,
          world: TestWorld,
          modules: ModulesContainer,
          tracing: MqTracing | null = null,
        ) => build(name, { ...given, transport }, world, { features: featuresOf(modules, name), tracing }),
      },
    ];
    return { module: MqTestingModule, global: isGlobal, providers: [...built, ...providers], exports };
  }
}

function build(
  connection: string,
  given: MqOptions,
  world: TestWorld,
  { features, tracing }: Pick<RuntimeParts, 'features' | 'tracing'>,
): MqRuntime {
  const { clock, transactions } = world;
  const options = resolveOptions(given, { connection, poolSize: AS_IF_POOLED, features });
  const stores = testStores(clock, transactions);
  const runtime = MqRuntime.build({
    connection,
    options,
    boot: bootModeFor(options),
    dataSource: refusing('MqTestingModule has no data source') as DataSource,
    tables: { prefix: `mq_${connection}_`, schema: null },
    stores,
    slots: new Semaphore(options.maxInFlight),
    clock,
    tracing,
    features,
    keepFound: () => undefined,
  });
  world.outbox = stores.memory;
  clock.follow(runtime.events);
  return runtime;
}
