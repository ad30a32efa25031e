import { UseFilters } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { classNameOf } from '../../nest/discovery/decorations-of.js';
import { prototypeOf } from '../../nest/discovery/handler-instance.js';
import { Witness } from './thrown-errors.js';

/** Where `@EventPattern` and `@MessagePattern` keep their last argument. It has no public name; without it nothing here would find a handler. */
const EXTRAS = 'microservices:pattern_extras';

/** A method under `@EventPattern` or `@MessagePattern`. */
export interface PatternHandler {
  /** For people: class and method. */
  readonly name: string;
  /** Tells classes apart that share a name. */
  readonly owner: object;
}

const witness = new Witness();
const watched = new WeakSet<object>();

/** All handlers of the controllers, by the object that their decorator got, or made, as its last argument: all that Nest says about them to a server. */
export class PatternHandlers {
  private readonly handlers = new Map<object, PatternHandler>();

  constructor(modules: ModulesContainer) {
    const scanner = new MetadataScanner();
    for (const wrapper of new DiscoveryService(modules).getControllers()) {
      const prototype = prototypeOf(wrapper);
      if (prototype === null) continue;
      for (const member of scanner.getAllMethodNames(prototype)) this.look(prototype, member);
    }
  }

  of(extras: object): PatternHandler | undefined {
    return this.handlers.get(extras);
  }

  private look(prototype: object, member: string): void {
    const method: unknown = (prototype as Record<string, unknown>)[member];
    if (typeof method !== 'function') return;
    const extras = Reflect.getMetadata(EXTRAS, method) as object | undefined;
    if (extras === undefined) return;
    this.handlers.set(extras, { name: `${classNameOf(prototype)}.${member}`, owner: prototype });
    if (!('group' in extras) || watched.has(method)) return;
    watched.add(method);
    // Before the server gets it: Nest looks up the filters of a handler then.
    UseFilters(witness)(prototype, member, { value: method });
  }
}
