import { readProperty } from './read-property.js';

/** Calls code of the user, and passes on what it answers and throws. Also a promise can be thrown. */
export function callUser<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    disown(error);
    throw error;
  }
}

/** Calls code of the user whose outcome concerns nobody here: neither what it throws nor what it rejects with gets out. */
export function callDetached(call: () => unknown): void {
  try {
    disown(call());
  } catch (error) {
    // The user's own mistake, and there is nobody to tell it to.
    disown(error);
  }
}

/** Promises that are rejected with promises, one within the other. One that is rejected with itself would go on for ever. */
const MAX_DEPTH = 8;

/**
 * Takes charge of a promise that code of the user answered, or threw, and that nobody awaits: left alone, its rejection ends the process.
 * @returns whether it was one, or something like one
 */
export function disown(answer: unknown, depth = 0): boolean {
  if (typeof readProperty(answer, 'then') !== 'function') return false;
  // Resolving with it, since `Promise.resolve` hands a native promise back as it is and asks it for its constructor.
  new Promise((resolve) => resolve(answer)).catch((reason) => {
    if (depth < MAX_DEPTH) disown(reason, depth + 1);
  });
  return true;
}
