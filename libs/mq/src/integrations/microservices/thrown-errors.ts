import { AsyncLocalStorage } from 'node:async_hooks';
import { Catch, type ExceptionFilter } from '@nestjs/common';
import { isA } from '../../core/errors/is-a.js';

/** What was thrown last in this attempt. */
interface Attempt {
  thrown: unknown;
}

const attempts = new AsyncLocalStorage<Attempt>();

/**
 * Runs an attempt, and rejects with what was thrown in it. Where no filter answers, Nest puts `{ status: 'error', message: 'Internal server error' }`
 * in place of whatever was thrown, which would leave nothing of `RetryLater`, `PermanentError` and `Discard`, and no reason to tell.
 * An error that a filter of the application puts in its place counts.
 */
export async function withThrownErrors<T>(work: () => Promise<T>): Promise<T> {
  const attempt: Attempt = { thrown: undefined };
  try {
    return await attempts.run(attempt, work);
  } catch (error) {
    throw isA(error, Error) || attempt.thrown === undefined ? error : attempt.thrown;
  }
}

/** An error class that no error is of. Nest asks filter after filter whether an error is theirs: this one takes note, and leaves it to the others. */
class NobodysError {
  static [Symbol.hasInstance](thrown: unknown): boolean {
    const attempt = attempts.getStore();
    if (attempt) attempt.thrown = thrown;
    return false;
  }
}

/** Stands above each handler, and sees what is thrown before the application's own filters do. */
@Catch(NobodysError)
export class Witness implements ExceptionFilter {
  catch(): void {}
}
