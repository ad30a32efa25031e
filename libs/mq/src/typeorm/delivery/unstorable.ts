import { isA } from '../../core/errors/is-a.js';
import { Unstorable } from '../../core/store/delivery-store.js';
import type { Dialect } from '../dialects/dialect.js';

/** The error of a statement as the consumer knows it: what is about a value of the message is the message's own fault. */
export function told(dialect: Dialect, error: unknown): unknown {
  return !isA(error, Unstorable) && dialect.isUnstorable(error)
    ? new Unstorable('the database refuses a value', { cause: error })
    : error;
}
