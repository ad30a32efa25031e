import { Inject, Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { EventBus } from '@nestjs/cqrs';
import { MqError } from '../../core/errors/mq-error.js';
import { instancesOf } from '../../nest/discovery/instances-of.js';
import { runtimesOf } from '../../nest/discovery/runtimes-of.js';
import type { MqProducerService } from '../../nest/services/mq-producer.service.js';
import { getMqProducerToken } from '../../nest/tokens.js';
import { type Connection, EventStage } from './event-stage.js';
import { STAGES_EVENTS } from './refuse-unstaged.js';
import { OutboxPublisher } from './outbox-publisher.js';

/**
 * Stages events that are marked with {@link Outbox}: import it once, beside `CqrsModule` and `MqModule`.
 *
 * It goes in front of the publisher of each `EventBus`: when modules are initialized, and again when the application is, in case somebody has put
 * another publisher there meanwhile.
 */
@Module({})
export class MqCqrsModule implements OnModuleInit, OnApplicationBootstrap {
  static readonly [STAGES_EVENTS] = true;

  private readonly stage: EventStage;

  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
  ) {
    this.stage = new EventStage((name) => this.connection(name));
  }

  onModuleInit(): void {
    this.goInFront();
  }

  onApplicationBootstrap(): void {
    this.goInFront();
  }

  private goInFront(): void {
    const buses = instancesOf(this.modules, EventBus);
    if (buses.length === 0) throw noEventBus();
    for (const bus of buses) {
      if (!(bus.publisher instanceof OutboxPublisher)) bus.publisher = new OutboxPublisher(bus.publisher, this.stage);
    }
  }

  private connection(name: string): Connection | undefined {
    const runtime = runtimesOf(this.modules).find(({ connection }) => connection === name);
    const token = getMqProducerToken(name);
    return runtime && { runtime, producer: this.moduleRef.get<MqProducerService>(token, { strict: false }) };
  }
}

function noEventBus(): MqError {
  return new MqError(
    'MQ_CONFIG_INVALID',
    'MqCqrsModule found no EventBus of @nestjs/cqrs in the application, so no event would be staged. Import CqrsModule.forRoot() beside it; ' +
      'if it is imported, @nestjs/cqrs is installed twice: see npm ls @nestjs/cqrs.',
  );
}
