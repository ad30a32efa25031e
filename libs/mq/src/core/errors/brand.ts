/**
 * Makes `instanceof` hold across two copies of the library, an ES module one beside a CommonJS one: errors carry a
 * registered symbol, and the class looks for that instead of for itself. Classes derived from it behave as usual.
 */
export interface Brand {
  mark(error: object): void;
  /** For `static [Symbol.hasInstance]`. `self` is the class on the right of `instanceof`, `owner` the one with the brand. */
  holds(self: unknown, owner: unknown, value: unknown): boolean;
}

export function brand(name: string): Brand {
  const symbol = Symbol.for(`nestjs-reliable-mq.${name}`);
  return {
    mark: (error) => void Object.defineProperty(error, symbol, { value: true }),
    holds: (self, owner, value) =>
      self === owner
        ? typeof value === 'object' && value !== null && symbol in value
        : Function.prototype[Symbol.hasInstance].call(self, value),
  };
}
