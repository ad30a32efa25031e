import { type InjectionToken, type Provider, Scope } from '@nestjs/common';
import { DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { MqOptions } from '../core/config/options.js';
import type { MqEvents } from '../core/events/event-bus.js';
import { currentMqContext } from './current-mq-context.js';
import { HandlerExplorer } from './discovery/handler-explorer.js';
import { MqLifecycle } from './lifecycle/mq-lifecycle.js';
import { MqContext } from './mq-context.js';
import type { MqRuntime } from './mq-runtime.js';
import { requireModules } from './require-one-copy.js';
import { Admin } from './services/admin.js';
import { ConsumerControl } from './services/consumer-control.js';
import type { MqProducerService } from './services/mq-producer.service.js';
import { ReproduceSchedule } from './services/reproduce-schedule.js';
import * as tokens from './tokens.js';

/** Providers around the runtime of a connection, whatever that runtime is built on: who assembles them provides it, and the options. */
export function connectionProviders(name: string): { providers: Provider[]; exports: InjectionToken[] } {
  const runtime = tokens.getMqRuntimeToken(name);
  const exported: (Provider & { readonly provide: InjectionToken })[] = [
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
      useFactory: ({ publisher }: MqRuntime): MqProducerService => publisher,
    },
    // For services that are made for each message. To one that is made for a request of another kind it is undefined.
    { provide: MqContext, scope: Scope.REQUEST, useFactory: currentMqContext },
    // Under tokens of their own as well: a test that overrides the public ones still starts and stops the real ones, and to
    // the command line, which may be another copy of this code, a class is no token.
    { provide: tokens.getMqAdminToken(name), useExisting: tokens.getMqAdminSelfToken(name) },
    { provide: tokens.getMqConsumerToken(name), useExisting: tokens.getMqConsumerControlToken(name) },
    { provide: tokens.getReproduceToken(name), useExisting: tokens.getReproduceScheduleToken(name) },
  ];
  const internal: Provider[] = [
    {
      provide: modulesOf(name),
      inject: [{ token: ModulesContainer, optional: true }],
      useFactory: requireModules,
    },
    {
      provide: tokens.getMqAdminSelfToken(name),
      inject: [runtime, tokens.getMqConsumerControlToken(name)],
      useFactory: (mq: MqRuntime, control: ConsumerControl) => new Admin(mq, () => control.handlers()),
    },
    {
      provide: tokens.getMqConsumerControlToken(name),
      inject: [runtime, modulesOf(name)],
      useFactory: (mq: MqRuntime, modules: ModulesContainer) =>
        new ConsumerControl(
          mq,
          new HandlerExplorer(new DiscoveryService(modules), mq.options.globalEnhancers),
          modules,
        ),
    },
    {
      provide: tokens.getReproduceScheduleToken(name),
      inject: [runtime, modulesOf(name)],
      useFactory: (mq: MqRuntime, modules: ModulesContainer) => new ReproduceSchedule(mq, modules),
    },
    {
      provide: tokens.getMqLifecycleToken(name),
      inject: [
        runtime,
        modulesOf(name),
        tokens.getMqConsumerControlToken(name),
        tokens.getReproduceScheduleToken(name),
      ],
      useFactory: (mq: MqRuntime, modules: ModulesContainer, control: ConsumerControl, timing: ReproduceSchedule) =>
        new MqLifecycle(mq, modules, control, timing),
    },
  ];
  return {
    providers: [...internal, ...exported],
    exports: [...exported.map(({ provide }) => provide), tokens.getMqOptionsToken(name)],
  };
}

/** Token of the modules of the application. Internal. */
export const modulesOf = (name: string): string => `mq:modules:${name}`;
