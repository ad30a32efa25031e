import type { ModulesContainer } from '@nestjs/core';
import { isClassWith } from '../../core/runtime/is-class-with.js';

/** What of `SchedulerRegistry` is used here. */
export interface IntervalRegistry {
  addInterval(name: string, id: unknown): void;
  deleteInterval(name: string): void;
  doesExist(type: 'interval', name: string): boolean;
}

const MEMBERS = ['addInterval', 'deleteInterval', 'doesExist', 'getCronJobs', 'getTimeouts'];

/**
 * Each `SchedulerRegistry` of the application: none without ScheduleModule, one for each `forRoot()` with it, and which of
 * them a class is given depends on what its module imports. Found among the providers, because `@nestjs/schedule` is optional,
 * and because importing `ScheduleModule` here would run every `@Cron` of the application once more.
 */
export function findSchedulerRegistries(modules: ModulesContainer): IntervalRegistry[] {
  const found = new Set<IntervalRegistry>();
  for (const module of modules.values()) {
    for (const wrapper of module.providers.values()) {
      if (isClassWith(wrapper.metatype, MEMBERS) && wrapper.instance) found.add(wrapper.instance as IntervalRegistry);
    }
  }
  return [...found];
}
