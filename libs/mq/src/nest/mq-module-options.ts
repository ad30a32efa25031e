import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Type } from '@nestjs/common';
import type { MqOptions } from '../core/config/options.js';
import type { MqTables } from '../typeorm/sql/table-names.js';

/** What decides about tokens, imports and tables, and so must be known before any provider exists. */
export interface MqConnectionOptions {
  /** Name of the connection. Default `'default'`. */
  name?: string;
  /** Name of the TypeORM data source that the tables live in. Default: the default one. */
  dataSource?: string;
  /** Whether other modules can inject the services without importing MqModule. Default `true`. */
  isGlobal?: boolean;
  /** Default `{ prefix: 'mq_' }`, for a named connection `mq_<name>_`. */
  tables?: MqTables;
}

export type MqModuleOptions = MqOptions & MqConnectionOptions;

/** What an async factory makes. What belongs beside `useFactory` does not compile in here. */
export type MqFactoryResult = MqOptions & { name?: never; dataSource?: never; isGlobal?: never; tables?: never };

export interface MqOptionsFactory {
  createMqOptions(connection: string): MqFactoryResult | Promise<MqFactoryResult>;
}

interface AsyncBase extends MqConnectionOptions, Pick<ModuleMetadata, 'imports'> {}

export type MqModuleAsyncOptions = AsyncBase &
  (
    | {
        /** Makes the options from injected values. */
        // What is injected is the user's affair; parameters are checked by nobody, as everywhere in Nest.
        useFactory: (...args: never[]) => MqFactoryResult | Promise<MqFactoryResult>;
        inject?: (InjectionToken | OptionalFactoryDependency)[];
        useClass?: never;
        useExisting?: never;
      }
    | { useClass: Type<MqOptionsFactory>; useFactory?: never; useExisting?: never; inject?: never }
    | { useExisting: InjectionToken<MqOptionsFactory>; useFactory?: never; useClass?: never; inject?: never }
  );
