import type { ModulesContainer } from '@nestjs/core';

/** What of `SchedulerRegistry` is used here. */
export interface IntervalRegistry {
  addInterval(name: string, id: unknown): void;
  deleteInterval(name: string): void;
  doesExist(type: 'interval', name: string): boolean;
}

/**
 * Each `SchedulerRegistry` of the application: none without ScheduleModule, one for each `forRoot()` with it, and which of
 * them a class is given depends on what its module imports. Found by class name, because `@nestjs/schedule` is optional,
 * and because importing `ScheduleModule` here would run every `@Cron` of the application once more.
 */
export function findSchedulerRegistries(modules: ModulesContainer): IntervalRegistry[] {
  const found = new Set<IntervalRegistry>();
  for (const module of modules.values()) {
    for (const wrapper of module.providers.values()) {
      const instance = wrapper.instance as Partial<IntervalRegistry> | undefined;
      if (wrapper.metatype?.name === 'SchedulerRegistry' && typeof instance?.addInterval === 'function')
        found.add(instance as IntervalRegistry);
    }
  }
  return [...found];
}
