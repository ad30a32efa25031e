import { types } from 'node:util';

/**
 * Makes `instanceof` hold across two copies of the library, an ES module one beside a CommonJS one: errors carry a
 * registered symbol, and the class looks for that instead of for itself. Classes derived from it behave as usual.
 *
 * Asked about values that anybody may have thrown, so it never throws, and a proxy is nobody's error: what stands behind
 * it could be read only through its traps.
 */
interface Brand {
  mark(error: object): void;
  /** For `static [Symbol.hasInstance]`. `self` is the class on the right of `instanceof`, `owner` the one with the brand. */
  holds(self: unknown, owner: unknown, value: unknown): boolean;
}

export function brand(name: string): Brand {
  const symbol = Symbol.for(`nestjs-reliable-mq.${name}`);
  return {
    mark: (error) => void Object.defineProperty(error, symbol, { value: true }),
    holds: (self, owner, value) =>
      types.isNativeError(value) && (self === owner ? Object.hasOwn(value, symbol) : derives(self, value)),
  };
}

/** `instanceof` as it is without a brand. The prototype of an error can be a proxy, too. */
function derives(self: unknown, value: Error): boolean {
  try {
    return Function.prototype[Symbol.hasInstance].call(self, value);
  } catch {
    return false;
  }
}
