import type { EntityManager } from 'typeorm';
import type { ResolvedOptions } from '../core/config/resolved-options.js';
import type { ConsumerRunner } from '../core/consumer/consumer-runner.js';
import type { MqEvents } from '../core/events/event-bus.js';

/** A connection that is built and of which nothing runs yet. */
export interface BuiltConnection {
  readonly connection: string;
  readonly options: ResolvedOptions;
  readonly events: MqEvents;
  readonly consumers: ConsumerRunner<EntityManager>;
}

/** What of this module starts when an application boots. */
export interface BootMode {
  /** The connection that the command is about, if it is about one: on the others, nothing runs that takes messages. */
  readonly only?: string | undefined;
  readonly relay: boolean;
  readonly worker: boolean;
  /** The handlers of this topic and group alone; aliases. */
  readonly groups?: { readonly topic?: string | undefined; readonly group?: string | undefined } | undefined;
  /** Whether this process sends what it publishes right after the commit. Without it, that waits for a relay. */
  readonly immediate: boolean;
  readonly connect: boolean;
  /** `false`: no migrations at boot, whatever the options say. */
  readonly migrate: boolean;
  /** `false`: boot also with tables and settings of the database that would be refused. */
  readonly check: boolean;
  /** Called with each connection before anything of it starts. What it throws ends the boot. */
  readonly prepare?: ((built: BuiltConnection) => void) | undefined;
}

/** Shared by all copies of the library in a process: the command line may be an ES module, and the application CommonJS. */
const MODE = Symbol.for('nestjs-reliable-mq.boot');
const shared = globalThis as { [MODE]?: BootMode | undefined };

/**
 * Runs `work`, in which an application boots for a command: each connection that is made meanwhile starts what the mode
 * lists, whatever `role` says.
 */
export async function withBootMode<T>(mode: BootMode, work: () => Promise<T>): Promise<T> {
  const before = shared[MODE];
  shared[MODE] = mode;
  try {
    return await work();
  } finally {
    shared[MODE] = before;
  }
}

/** The mode of the command that this connection boots for; without one, everything that its roles ask for. */
export function bootModeFor({ connection, roles }: Pick<ResolvedOptions, 'connection' | 'roles'>): BootMode {
  const mode = shared[MODE];
  if (!mode) return { ...roles, immediate: true, connect: true, migrate: true, check: true };
  return mode.only === undefined || mode.only === connection ? mode : { ...mode, relay: false, worker: false };
}
