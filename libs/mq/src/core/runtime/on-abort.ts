const watched = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Runs `task` when `signal` aborts; the returned function forgets it. For a signal that has not aborted.
 *
 * One signal usually stops everything that a loop has under way. A listener for each of those would make Node warn of a
 * leak from the eleventh on, and removing one searches the list of all; so a signal gets one listener for all of them.
 */
export function onAbort(signal: AbortSignal, task: () => void): () => void {
  let tasks = watched.get(signal);
  if (!tasks) {
    const added = new Set<() => void>();
    tasks = added;
    watched.set(signal, added);
    signal.addEventListener('abort', () => [...added].forEach((each) => each()), { once: true });
  }
  tasks.add(task);
  return () => tasks.delete(task);
}
