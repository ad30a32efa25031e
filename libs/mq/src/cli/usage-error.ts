import { nearest } from '../core/runtime/nearest.js';

/** What whoever typed the command has to write differently: one sentence, and exit code 3. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  /** For a name that is none of these. @example UsageError.unknown('topic', 'oders', ['orders', 'stock']) */
  static unknown(what: string, typed: string, known: readonly string[]): UsageError {
    return new UsageError(`there is no ${what} "${typed}". ${hintFor(typed, known)}`);
  }
}

/** What somebody may have meant who typed a name that is none of these. */
export function hintFor(typed: string, known: readonly string[]): string {
  if (known.length === 0) return 'There is none.';
  const near = nearest(typed, known);
  return near === undefined ? `Known: ${[...new Set(known)].join(', ')}` : `The nearest is: ${near}`;
}
