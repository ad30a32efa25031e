import type { ModulesContainer } from '@nestjs/core';
import type { EntityManager } from 'typeorm';
import { HandlerRegistry } from '../../core/consumer/handler-registry.js';
import { Deadline } from '../../core/runtime/deadline.js';
import { Switch } from '../../core/runtime/switch.js';
import { systemClock } from '../../core/runtime/system-clock.js';
import { MqError } from '../../core/errors/mq-error.js';
import type { FoundHandler, HandlerExplorer } from '../discovery/handler-explorer.js';
import type { MqRuntime } from '../mq-runtime.js';
import { runtimesOf } from './refuse-duplicates.js';

/** The consumers of one connection in this process: which handlers there are, and whether they run. */
export class ConsumerControl {
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
  ) {}

  get handlers(): HandlerRegistry<EntityManager>['handlers'] {
    return this.registry?.handlers ?? [];
  }

  /**
   * Looks for handlers, and checks all of them before anything changes.
   * @throws {MqError} `MQ_UNKNOWN_CONNECTION`, and what {@link HandlerRegistry} throws
   */
  explore(): number {
    const found = this.explorer.explore();
    this.refuseUnknownConnections(found);
    const mine = found.filter(({ connection }) => connection === this.runtime.connection);
    const before = this.handlers.length;
    this.registry = new HandlerRegistry<EntityManager>(mine, this.runtime.options);
    return this.handlers.length - before;
  }

  async refresh(): Promise<number> {
    const added = this.explore();
    if (added > 0 && this.power.isOn) await this.runtime.consumers.start(this.registry!);
    return added;
  }

  start(): Promise<void> {
    return this.power.on();
  }

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

  private async turnOn(): Promise<void> {
    if (!this.registry) this.explore();
    for (const { topic, group, tags, name } of this.handlers) {
      const { concurrency } = this.runtime.options.groups.get(group)!;
      const what = tags === null ? '' : ` [${tags.join(', ')}]`;
      this.runtime.logger.log(`${name} <- ${topic}${what} (group ${group}, concurrency ${concurrency})`);
    }
    this.warnOfIdleGroups();
    await this.runtime.consumers.start(this.registry!);
  }

  private async turnOff(): Promise<void> {
    const { consumers, options } = this.runtime;
    const { abandoned } = await consumers.drain(this.deadline ?? Deadline.in(systemClock, options.drainMs));
    if (abandoned > 0) {
      this.runtime.logger.warn(
        `${abandoned} deliveries were given up when the drain time was over; the broker delivers them again`,
      );
    }
  }

  /**
   * A class that nobody lists as a provider cannot be found, so its messages would wait at the broker without a word. Not an
   * error: the handlers of a group may live in another application, or in a module that is loaded later.
   */
  private warnOfIdleGroups(): void {
    const handled = new Set(this.handlers.map(({ group }) => group));
    for (const group of this.runtime.options.groups.keys()) {
      if (handled.has(group)) continue;
      this.runtime.logger.warn(
        `no handler of the group '${group}' was found, so this process takes none of its messages: ` +
          `is the class with @MqConsumer(…, '${group}') among the providers of a module?`,
      );
    }
  }

  private refuseUnknownConnections(found: readonly FoundHandler[]): void {
    const known = runtimesOf(this.modules).map(({ connection }) => connection);
    for (const { name, connection } of found) {
      if (known.includes(connection)) continue;
      throw new MqError(
        'MQ_UNKNOWN_CONNECTION',
        `${name} consumes from the connection '${connection}', but no MqModule has that name. Known: ${known.join(', ') || 'none'}. ` +
          `Write @MqConsumer(topic, group, { connection: '${known[0] ?? 'name'}' }), or give an MqModule the name '${connection}'.`,
        { details: { connection, known, handler: name } },
      );
    }
  }
}
