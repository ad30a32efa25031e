import { isA } from '../../core/errors/is-a.js';
import { Unstorable } from '../../core/store/delivery-store.js';
import type { Dialect } from '../databases/dialect.js';

/** {@link Unstorable} in place of a driver's error that is about a value of the message; any other error as it is. */
export function asUnstorable(dialect: Dialect, error: unknown): unknown {
  return !isA(error, Unstorable) && dialect.isUnstorable(error)
    ? new Unstorable('the database refuses a value', { cause: error })
    : error;
}
