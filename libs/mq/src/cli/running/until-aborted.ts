import { onAbort } from '../../core/runtime/on-abort.js';

/** What `work` answers, or `null` as soon as `signal` aborts: nobody waits for a database that does not answer. */
export async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | null> {
  if (signal.aborted) return null;
  let forget: () => void = () => undefined;
  const aborted = new Promise<null>((resolve) => (forget = onAbort(signal, () => resolve(null))));
  const working = work();
  // One that fails after nobody waits for it any more is no failure of the process.
  working.catch(() => undefined);
  return Promise.race([working, aborted]).finally(forget);
}
