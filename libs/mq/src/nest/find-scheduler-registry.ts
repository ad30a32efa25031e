import type { ModulesContainer } from '@nestjs/core';

/** What of `SchedulerRegistry` is used here. */
export interface IntervalRegistry {
  addInterval(name: string, id: unknown): void;
  deleteInterval(name: string): void;
  doesExist(type: 'interval', name: string): boolean;
}

/**
 * The application's `SchedulerRegistry`, if it has one. Found by its class name, because `@nestjs/schedule` is optional, and
 * because importing `ScheduleModule` here would run every `@Cron` of the application twice: each `forRoot()` is a
 * module of its own.
 */
export function findSchedulerRegistry(modules: ModulesContainer): IntervalRegistry | null {
  for (const module of modules.values()) {
    for (const wrapper of module.providers.values()) {
      const instance = wrapper.instance as Partial<IntervalRegistry> | undefined;
      if (wrapper.metatype?.name === 'SchedulerRegistry' && typeof instance?.addInterval === 'function')
        return instance as IntervalRegistry;
    }
  }
  return null;
}
