import { types } from 'node:util';
import { readProperty } from '../../core/runtime/read-property.js';
import { callDetached, disown } from '../../core/runtime/user-code.js';

/**
 * Runs what a handler returned to its end, and answers the outcome. A handler may return a value; a promise; an Observable,
 * which does nothing before it is subscribed to; a generator, which does nothing before it is asked for values. Without this the last two would
 * count as handled without having begun. Resolves with the last value, also of an Observable behind a promise. Promises
 * that a generator yields are waited for, and thrown into it when they are rejected.
 *
 * `rxjs` is not imported: an application may have several copies, and any of them makes Observables.
 *
 * @param delivery its signal ends a subscription, and rejects: nobody waits for it any more. It is not asked for by anything else
 */
export async function outcomeOf(returned: unknown, delivery: { readonly signal: AbortSignal }): Promise<unknown> {
  let value = await returned;
  for (;;) {
    if (isObservable(value)) value = await lastOf(value, delivery.signal);
    else if (isGenerator(value)) value = await runToEnd(value, delivery.signal);
    else return value;
  }
}

interface Observer {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}
interface ObservableLike {
  subscribe(observer: Observer): { unsubscribe(): void };
}
type Steps = Generator | AsyncGenerator;

const MARKS: readonly PropertyKey[] = [
  (Symbol as unknown as { observable?: symbol }).observable ?? '@@observable',
  '@@observable',
  'pipe',
];

function isObservable(value: unknown): value is ObservableLike {
  const has = (name: PropertyKey): boolean => typeof readProperty(value, name) === 'function';
  return typeof value === 'object' && has('subscribe') && MARKS.some(has);
}

/** What a generator function returns. Not every iterable: lists and texts are values. */
function isGenerator(value: unknown): value is Steps {
  return /^\[object (Async)?Generator\]$/.test(Object.prototype.toString.call(value));
}

function lastOf(observable: ObservableLike, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let last: unknown;
    let unsubscribe = (): void => {};
    const cut = (): void => {
      reject(signal.reason as Error);
      // What it tears down is code of the user, and what an abort listener throws ends the process.
      callDetached(unsubscribe);
    };
    const end = (report: () => void): void => {
      signal.removeEventListener('abort', cut);
      report();
    };
    if (signal.aborted) return cut();
    signal.addEventListener('abort', cut, { once: true });
    const subscription = observable.subscribe({
      next: (value) => {
        // A promise among them is awaited if it is the last, and until then its rejection would be nobody's.
        if (types.isPromise(value)) disown(value);
        last = value;
      },
      error: (error) => end(() => reject(error as Error)),
      complete: () => end(() => resolve(last)),
    });
    unsubscribe = () => subscription.unsubscribe();
    // Aborted by what subscribing ran.
    if (signal.aborted) cut();
  });
}

/** An asynchronous generator waits for what it yields by itself; here an ordinary one does too. */
async function runToEnd(steps: Steps, signal: AbortSignal): Promise<unknown> {
  let step = await steps.next();
  while (!step.done) {
    const [yielded] = await Promise.allSettled([step.value]);
    if (signal.aborted) {
      await steps.return(undefined);
      throw signal.reason;
    }
    step = await (yielded.status === 'rejected' ? steps.throw(yielded.reason) : steps.next());
  }
  return step.value;
}
