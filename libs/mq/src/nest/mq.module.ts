import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { MqOptions } from '../core/config/options.js';
import { MqError } from '../core/errors/mq-error.js';
import type { MqTracing } from '../core/tracing/tracer.js';
import type { MqTransport } from '../core/transport/transport.js';
import { getMqEntities } from '../typeorm/entities/get-mq-entities.js';
import { configuredTables } from '../typeorm/sql/table-names.js';
import { asyncOptionsProviders } from './async-options.js';
import { connectionProviders, modulesOf } from './connection-providers.js';
import { ConnectionTables } from './connection-tables.js';
import { TransactionHostFinder } from './discovery/transaction-host-finder.js';
import { instancesOf } from './discovery/instances-of.js';
import { FeatureGuard } from './feature-guard.js';
import { featuresOf, MqFeature, MqFeatureModule, type MqFeatureOptions } from './mq-feature.js';
import type { MqConnectionOptions, MqModuleAsyncOptions, MqModuleOptions } from './mq-module-options.js';
import { MqRuntime } from './mq-runtime.js';
import { entitiesInOtherCopy, hasOtherTypeOrmModule, requireDataSource, requireModules } from './require-one-copy.js';
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

  /**
   * Topics and groups that a module brings for itself, beside those of `forRoot()`. An alias that two places bring is refused at boot.
   *
   * @example
   * @Module({ imports: [MqModule.forFeature({ groups: { mailer: { groupId: 'GID_mailer' } } })], providers: [SendMails] })
   * export class MailModule {}
   */
  static forFeature(options: MqFeatureOptions): DynamicModule {
    const feature = new MqFeature(options);
    const guard: Provider = {
      provide: Symbol('mq:feature-guard'),
      inject: [{ token: ModulesContainer, optional: true }],
      useFactory: (modules: ModulesContainer | undefined) => new FeatureGuard(requireModules(modules), feature),
    };
    return { module: MqFeatureModule, providers: [{ provide: Symbol('mq:feature'), useValue: feature }, guard] };
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
  // For `autoLoadEntities`. The module that it answers is left out: it has repositories, which nobody needs, and which would fail
  // with Nest's words for a data source that is not found, before we can say why.
  TypeOrmModule.forFeature([...getMqEntities(name, tableOptions)], dataSourceName);
  const prefixGiven = tableOptions?.prefix !== undefined;
  const runtime = tokens.getMqRuntimeToken(name);
  const { providers, exports } = connectionProviders(name);
  const built: Provider[] = [
    ...optionsProviders,
    { provide: connectionTables(name), useValue: new ConnectionTables(tables) },
    {
      provide: checkedDataSource(name),
      inject: [modulesOf(name), { token: getDataSourceToken(dataSourceName), optional: true }],
      useFactory: (modules: ModulesContainer, dataSource: DataSource | undefined) =>
        requireDataSource(modules, dataSource, dataSourceName),
    },
    {
      provide: runtime,
      inject: [
        tokens.getMqOptionsToken(name),
        tokens.getMqTransportToken(name),
        checkedDataSource(name),
        modulesOf(name),
        { token: tokens.MQ_TRACING, optional: true },
      ],
      useFactory: (
        options: MqOptions,
        transport: MqTransport,
        dataSource: DataSource,
        modules: ModulesContainer,
        tracing: MqTracing | null = null,
      ) => {
        const hosts = new TransactionHostFinder(modules);
        const used = instancesOf(modules, ConnectionTables).map(({ prefix }) => prefix);
        const usedPrefixes = prefixGiven ? null : used;
        const features = featuresOf(modules, name);
        const request = {
          connection: name,
          options,
          transport,
          dataSource,
          tables,
          hosts,
          usedPrefixes,
          tracing,
          features,
        };
        return MqRuntime.create(request).catch((error: unknown) => {
          const isMissing = error instanceof MqError && error.code === 'MQ_ENTITIES_MISSING';
          throw isMissing && hasOtherTypeOrmModule(modules) ? entitiesInOtherCopy() : error;
        });
      },
    },
  ];
  return { module: MqModule, global: isGlobal, imports, providers: [...built, ...providers], exports };
}

const connectionTables = (name: string): string => `mq:connection-tables:${name}`;
const checkedDataSource = (name: string): string => `mq:data-source:${name}`;
