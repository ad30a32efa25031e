import { types } from 'node:util';

/**
 * `instanceof` for what other people's code threw: a proxy answers that question with whatever it likes, an exception
 * included, and may have getters that throw once it is believed. So it is an instance of nothing.
 */
export function isA<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return !types.isProxy(value) && value instanceof type;
  } catch {
    // The prototype of an ordinary object can be a proxy, too.
    return false;
  }
}
