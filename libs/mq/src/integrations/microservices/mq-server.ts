import type { INestApplicationContext } from '@nestjs/common';
import { type ModuleRef, ModulesContainer } from '@nestjs/core';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import type { FoundHandler } from '../../nest/discovery/found-handler.js';
import { instancesOf } from '../../nest/discovery/instances-of.js';
import { runtimesOf } from '../../nest/discovery/runtimes-of.js';
import { ConsumerControl } from '../../nest/services/consumer-control.js';
import { eventHandler, invalid } from './event-handler.js';
import { PatternHandlers } from './pattern-handlers.js';

/** Names this transport where an application has several: `@EventPattern('orders', MQ_TRANSPORT, { group: 'stock' })`. */
export const MQ_TRANSPORT: unique symbol = Symbol.for('nestjs-reliable-mq');

/**
 * Gives the messages of the application's `MqModule` to methods under `@EventPattern`. Each message is handled in the transaction of its delivery,
 * once, and is acknowledged when the method, and what it returns, has ended well; else it is tried again, as with `@MqConsumer`.
 *
 * It has no connection of its own: consuming starts and stops with the application, by the `role` of the module.
 *
 * @example
 * const app = await NestFactory.create(AppModule);
 * app.connectMicroservice({ strategy: new MqServer(app) });
 * await app.startAllMicroservices();
 * await app.listen(3000);
 */
export class MqServer extends Server implements CustomTransportStrategy {
  override readonly transportId = MQ_TRANSPORT;
  /** What a handler throws is the outcome of a delivery, and told as one. */
  override readonly propagatesEventHandlerErrors = true;
  private readonly modules: ModulesContainer;
  private readonly patterns: PatternHandlers;
  private readonly found: FoundHandler[] = [];

  /** @param app the application, or a `ModuleRef` of it */
  constructor(app: INestApplicationContext | ModuleRef) {
    super();
    this.modules = (app as INestApplicationContext).get(ModulesContainer, { strict: false });
    this.patterns = new PatternHandlers(this.modules);
    for (const runtime of runtimesOf(this.modules)) runtime.otherHandlers.push(() => this.found);
  }

  /**
   * Called by Nest for each handler, when the server is connected.
   * @throws {MqError} `MQ_HANDLER_INVALID` for `@MessagePattern`, for what is no topic, and without a group
   */
  override addHandler(pattern: unknown, callback: MessageHandler, isEventHandler = false, extras: object = {}): void {
    const handler = this.patterns.of(extras);
    if (!isEventHandler) {
      throw invalid(
        handler?.name ?? `@MessagePattern(${JSON.stringify(pattern)})`,
        '@MessagePattern() answers, and a message of a queue has nobody who waits for an answer. Use @EventPattern(), and publish a message ' +
          'as the answer; if it is for another transport, name that one: @MessagePattern(…, Transport.…)',
      );
    }
    this.found.push(eventHandler(pattern, callback as never, extras, handler));
  }

  /** Everything runs already, or will with the application; what was connected after its start is begun now. */
  async listen(callback: (error?: unknown) => unknown): Promise<void> {
    try {
      for (const control of instancesOf(this.modules, ConsumerControl)) await control.refresh();
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  /** The module drains and stops with the application. */
  close(): void {}

  on(): void {}

  unwrap<T>(): T {
    return this.modules as T;
  }
}
