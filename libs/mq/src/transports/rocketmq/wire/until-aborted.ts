import { onAbort } from '../../../core/runtime/on-abort.js';
import { TransportError } from '../../../core/transport/transport-error.js';

/** Waits for work that several callers share: one of them may give up, and it goes on for the others. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  const gaveUp = (): TransportError => new TransportError('aborted', `${what}: the caller gave up`);
  if (signal.aborted) {
    // Nobody may be left to hear how it ends.
    work.catch(() => undefined);
    return Promise.reject(gaveUp());
  }
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(gaveUp()));
    work.then(resolve, reject).finally(forget);
  });
}
