import type { Clock } from './clock.js';

/** Node fires a timer above this at once (its delay is a signed 32-bit integer). */
const MAX_TIMER_MS = 2_147_483_647;

/** The {@link Clock} of production. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(ms, task, keepsAlive = false) {
    const timer = setTimeout(task, Math.min(ms, MAX_TIMER_MS));
    if (!keepsAlive) timer.unref();
    return () => clearTimeout(timer);
  },
  sleep(ms, signal) {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, MAX_TIMER_MS));
      signal?.addEventListener('abort', done, { once: true });
    });
  },
};
