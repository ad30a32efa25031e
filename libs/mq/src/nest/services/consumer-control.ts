import type { ModulesContainer } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import { HandlerRegistry } from '../../core/consumer/handlers/handler-registry.js';
import type { Subscription } from '../../core/consumer/handlers/subscription.js';
import { countOf } from '../../core/runtime/count-of.js';
import { Deadline } from '../../core/runtime/deadline.js';
import { Switch } from '../../core/runtime/switch.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import type { HandlerExplorer } from '../discovery/handler-explorer.js';
import { refuseUnknownConnections } from '../discovery/refuse-unknown-connections.js';
import type { MqRuntime } from '../mq-runtime.js';
import { type HandlerInfo, MqConsumerService } from './mq-consumer.service.js';

/** {@link MqConsumerService} of one connection: finds its handlers, and starts and stops what runs them. */
export class ConsumerControl extends MqConsumerService {
  private registry: HandlerRegistry<EntityManager> | null = null;
  private readonly power = new Switch(
    () => this.turnOn(),
    () => this.turnOff(),
  );
  private deadline: Deadline | null = null;

  constructor(
    private readonly runtime: MqRuntime,
    private readonly explorer: HandlerExplorer,
    private readonly modules: ModulesContainer,
  ) {
    super();
  }

  handlers(): HandlerInfo[] {
    return this.registered.map(({ topic, group, tags, name, batch = null }) => ({
      topic,
      group,
      tags,
      handler: name,
      batch: batch && { ...batch },
    }));
  }

  /**
   * Looks for handlers, and checks all of them before anything changes.
   * @throws {MqError} `MQ_UNKNOWN_CONNECTION`, and what {@link HandlerRegistry} throws
   */
  explore(): number {
    const found = this.explorer.explore();
    refuseUnknownConnections(this.modules, found, '@MqConsumer');
    const others = this.runtime.otherHandlers.flatMap((handlers) => handlers());
    refuseUnknownConnections(this.modules, others, '@EventPattern');
    const mine = [...found, ...others].filter(({ connection }) => connection === this.runtime.connection);
    const before = this.registered.length;
    this.registry = this.wanted(new HandlerRegistry<EntityManager>(mine, this.runtime.options));
    this.runtime.subscribed = this.registry.subscriptions;
    return this.registered.length - before;
  }

  async refresh(): Promise<number> {
    const added = this.explore();
    if (added > 0 && this.power.isOn) await this.runtime.consumers.start(this.running());
    return added;
  }

  start(): Promise<void> {
    return this.power.on();
  }

  pause(group: string): void {
    this.runtime.consumers.pause(group);
  }

  resume(group: string): void {
    this.runtime.consumers.resume(group);
  }

  setConcurrency(group: string, concurrency: number): void {
    this.runtime.consumers.setConcurrency(group, concurrency);
  }

  /** No poll begins any more; what was fetched is handled. */
  stopIntake(): void {
    this.runtime.consumers.stopIntake();
  }

  stop(): Promise<void> {
    this.stopIntake();
    return this.power.off();
  }

  /** {@link stop} for good. */
  close(deadline: Deadline): Promise<void> {
    this.deadline = deadline;
    this.stopIntake();
    return this.power.lock();
  }

  /** What of all handlers runs here; a command may want one topic or group alone. */
  private wanted(all: HandlerRegistry<EntityManager>): HandlerRegistry<EntityManager> {
    const { options, boot } = this.runtime;
    if (!boot.groups) return all;
    const { topic, group } = boot.groups;
    const some = all.handlers.filter(
      (handler) => (topic ?? handler.topic) === handler.topic && (group ?? handler.group) === handler.group,
    );
    return new HandlerRegistry(some, options);
  }

  /** What of the handlers consumes in this process, unless a command has named a group. The others are known, for whoever asks about messages. */
  private running(): HandlerRegistry<EntityManager> {
    const { options, boot } = this.runtime;
    const { consumeGroups } = options;
    if (consumeGroups === null || boot.groups?.group !== undefined) return this.registry!;
    return new HandlerRegistry(
      this.registered.filter(({ group }) => consumeGroups.includes(group)),
      options,
    );
  }

  private get registered(): HandlerRegistry<EntityManager>['handlers'] {
    return this.registry?.handlers ?? [];
  }

  private async turnOn(): Promise<void> {
    if (!this.registry) this.explore();
    const running = this.running();
    for (const subscription of running.subscriptions) this.tellOf(subscription);
    if (!this.runtime.boot.groups) this.warnOfIdleGroups();
    await this.runtime.consumers.start(running);
  }

  /** A line for each handler, and one for tags that would be parked as they come. */
  private tellOf(subscription: Subscription<EntityManager>): void {
    const { logger } = this.runtime;
    const { ref, group, idleTags } = subscription;
    for (const handler of subscription.handlers) {
      const tags = subscription.tagsFor(handler);
      const what = tags === null ? '' : ` [${tags.join(', ')}]`;
      const batches = handler.batch ? `, batches of up to ${handler.batch.size}` : '';
      const text = `${handler.name} <- ${ref.topic}${what} (group ${ref.group}, concurrency ${group.concurrency}${batches})`;
      logger.write('boot.handler', text, ref);
    }
    if (idleTags.length === 0) return;
    const becomes = group.unmatched === 'park' ? 'parked' : 'acknowledged without being handled';
    logger.write(
      'boot.idle-tags',
      `no handler takes ${idleTags.map((tag) => `'${tag}'`).join(', ')} of topic '${ref.topic}' in group '${ref.group}', so such ` +
        `messages are ${becomes}: add a handler, or take them out of groups.${ref.group}.tags`,
      ref,
    );
  }

  private async turnOff(): Promise<void> {
    const { consumers, options } = this.runtime;
    const { abandoned } = await consumers.drain(this.deadline ?? Deadline.in(systemClock, options.drainMs));
    if (abandoned > 0) {
      this.runtime.logger.write(
        'shutdown.given-up',
        `${countOf(abandoned, 'delivery', 'deliveries')} given up when the drain time was over; the broker delivers again`,
        { count: abandoned },
      );
    }
  }

  /**
   * Warns of groups without a handler: a class that is no provider cannot be found, so its messages would wait at the broker
   * unnoticed. Not an error: the handlers of a group may live in another application, or in a module that is loaded later.
   */
  private warnOfIdleGroups(): void {
    const handled = new Set(this.registered.map(({ group }) => group));
    const { groups, consumeGroups } = this.runtime.options;
    for (const group of consumeGroups ?? groups.keys()) {
      if (handled.has(group)) continue;
      this.runtime.logger.write(
        'boot.idle-group',
        `no handler of the group '${group}' was found, so this process takes none of its messages: ` +
          `is the class with @MqConsumer(…, '${group}') among the providers of a module?`,
        { group },
      );
    }
  }
}
