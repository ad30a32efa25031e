import { type ConsumerMetadata, consumersOf, membersOf } from '../decorators/mq-consumer.decorator.js';

/** A member of a class, and what `@MqConsumer` said about it. */
export interface Decoration {
  readonly member: string | symbol;
  readonly metadata: ConsumerMetadata;
}

/**
 * Everything that `@MqConsumer` said about the instances of a class. A decorated class decorates its `handle`. Classes inherit
 * what they do not say themselves, which is also what a decorator needs that replaces a class by one that extends it.
 *
 * @param metatype the class as Nest knows it; a decorator may have put a proxy there, which has the prototype of what is behind it
 */
export function decorationsOf(prototype: object, metatype: unknown): Decoration[] {
  let onClass: readonly ConsumerMetadata[] = [];
  const onMembers = new Map<string | symbol, readonly ConsumerMetadata[]>();
  for (const level of levelsOf(prototype)) {
    if (onClass.length === 0) onClass = [...classesOf(level, metatype)].flatMap(consumersOf);
    for (const [member, list] of membersOf(level)) {
      if (!onMembers.has(member)) onMembers.set(member, list);
    }
  }
  return [['handle', onClass] as const, ...onMembers].flatMap(([member, list]) =>
    list.map((metadata) => ({ member, metadata })),
  );
}

/** The nearest name that a class has: what a decorator makes of one often has none. */
export function classNameOf(prototype: object): string {
  for (const level of levelsOf(prototype)) {
    for (const { name } of classesOf(level, null)) {
      if (typeof name === 'string' && name !== '') return name;
    }
  }
  return 'a class without a name';
}

/** The prototype itself, and what it inherits from. */
export function* levelsOf(prototype: object): Iterable<object> {
  for (let level: object | null = prototype; level !== null && level !== Object.prototype;) {
    yield level;
    level = Object.getPrototypeOf(level) as object | null;
  }
}

function classesOf(level: object, metatype: unknown): Set<{ readonly name?: unknown }> {
  const own: unknown = Object.getOwnPropertyDescriptor(level, 'constructor')?.value;
  const classes = new Set<{ readonly name?: unknown }>();
  if (typeof metatype === 'function' && metatype.prototype === level) classes.add(metatype);
  if (typeof own === 'function') classes.add(own);
  return classes;
}
