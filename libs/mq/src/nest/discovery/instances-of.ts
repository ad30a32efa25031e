import type { ModulesContainer } from '@nestjs/core';

/** All providers of the application that are of this class. */
export function instancesOf<T>(modules: ModulesContainer, type: { readonly prototype: T }): T[] {
  const found = new Set<T>();
  for (const module of modules.values()) {
    for (const { instance } of module.providers.values()) if (isA(instance, type)) found.add(instance);
  }
  return [...found];
}

/** `instanceof`, also for classes that nobody else may construct. */
function isA<T>(value: unknown, type: { readonly prototype: T }): value is T {
  return Object.prototype.isPrototypeOf.call(type.prototype as object, value as object);
}
