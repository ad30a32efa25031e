import type { Provider } from '@nestjs/common';
import { DEFAULT_CONNECTION, getMqOptionsToken } from './tokens.js';
import type { MqModuleAsyncOptions, MqOptionsFactory } from './mq-module-options.js';

/** The providers behind `forRootAsync`: one that makes the options, and with `useClass` one for the class. */
export function asyncOptionsProviders(options: MqModuleAsyncOptions): Provider[] {
  const name = options.name ?? DEFAULT_CONNECTION;
  const provide = getMqOptionsToken(name);
  if (options.useFactory) {
    return [
      { provide, useFactory: options.useFactory as (...args: unknown[]) => unknown, inject: options.inject ?? [] },
    ];
  }
  const factory = options.useClass ?? options.useExisting;
  if (!factory) throw new TypeError('MqModule.forRootAsync() needs useFactory, useClass or useExisting');
  const make: Provider = {
    provide,
    inject: [factory],
    useFactory: (source: MqOptionsFactory) => source.createMqOptions(name),
  };
  return options.useClass ? [{ provide: options.useClass, useClass: options.useClass }, make] : [make];
}
