/**
 * The outcome of a handler, for what a handler may return: a value; a promise; an Observable, which does nothing before
 * somebody subscribes; a generator, which does nothing before somebody asks it for values. Without this the last two would
 * count as handled without having begun. Resolves with the last value, also of an Observable behind a promise.
 *
 * `rxjs` is not imported: an application may have several copies, and any of them makes Observables.
 *
 * @param signal ends a subscription, and rejects: nobody waits for it any more
 */
export async function outcomeOf(returned: unknown, signal: AbortSignal): Promise<unknown> {
  let value = await returned;
  for (;;) {
    if (isObservable(value)) value = await lastOf(value, signal);
    else if (isGenerator(value)) value = await runToEnd(value, signal);
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
type Steps = Iterator<unknown> | AsyncIterator<unknown>;

const MARKS: readonly PropertyKey[] = [
  (Symbol as unknown as { observable?: symbol }).observable ?? '@@observable',
  '@@observable',
  'pipe',
];

function isObservable(value: unknown): value is ObservableLike {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<PropertyKey, unknown>;
  return typeof fields['subscribe'] === 'function' && MARKS.some((mark) => typeof fields[mark] === 'function');
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
      unsubscribe();
      reject(signal.reason as Error);
    };
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', cut);
      settle();
    };
    if (signal.aborted) return cut();
    signal.addEventListener('abort', cut, { once: true });
    const subscription = observable.subscribe({
      next: (value) => void (last = value),
      error: (error) => end(() => reject(error as Error)),
      complete: () => end(() => resolve(last)),
    });
    unsubscribe = () => subscription.unsubscribe();
    // Aborted by what subscribing ran.
    if (signal.aborted) cut();
  });
}

async function runToEnd(steps: Steps, signal: AbortSignal): Promise<unknown> {
  for (;;) {
    if (signal.aborted) {
      await steps.return?.();
      throw signal.reason;
    }
    const { done, value } = await steps.next();
    if (done) return value;
  }
}
